package money_test

import (
	"encoding/json"
	"strings"
	"testing"

	"holdfast/money"
)

// FuzzParse: an amount that is read says the same when it is written and read again, and has the sign it was given.
func FuzzParse(f *testing.F) {
	for _, seed := range [][2]string{
		{"12.30", "EUR"}, {"-4", "JPY"}, {"0.5", "KWD"}, {"-0", "EUR"}, {"999999999999999.9999", "CLF"}, {"999999999999999", "UYW"}, {"1e3", "EUR"}, {".5", "EUR"}, {"5.", "EUR"}, {"+1", "EUR"}, {"١", "EUR"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, code string) {
		c, err := money.ParseCurrency(code)
		if err != nil {
			return
		}
		a, err := money.Parse(text, c)
		if err != nil {
			return
		}
		if len(text) > 40 {
			t.Fatalf("%d characters were taken", len(text))
		}
		if negative := strings.HasPrefix(text, "-"); negative && a.Minor > 0 || !negative && a.Minor < 0 {
			t.Fatalf("%q %s is read as %d minor units", text, c, a.Minor)
		}
		back, err := money.Parse(a.Decimal(), c)
		if err != nil || back != a {
			t.Fatalf("%q %s was written as %q and read as %v, %v", text, c, a.Decimal(), back, err)
		}
	})
}

// FuzzJSON: the wire form of an amount reads to what it was written from.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"amount":"12.30","currency":"EUR"}`, `{"amount":"1","currency":""}`, `{"amount":1,"currency":"EUR"}`, `{}`, `null`, `[]`, `{"amount":"-0.00","currency":"EUR"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var a, back money.Amount
		if a.UnmarshalJSON(data) != nil {
			return
		}
		text, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &back); err != nil || back != a {
			t.Fatalf("%s was written as %s and read as %v, %v", data, text, back, err)
		}
	})
}

package money_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"holdfast/money"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		in   string
		cur  money.Currency
		want int64
		out  string
	}{
		{"12.30", "EUR", 1230, "12.30"},
		{"12.3", "EUR", 1230, "12.30"},
		{"0.05", "EUR", 5, "0.05"},
		{"-0.05", "EUR", -5, "-0.05"},
		{"1500", "JPY", 1500, "1500"},
		{"0.250", "KWD", 250, "0.250"},
		{"999999999999999", "EUR", 99999999999999900, "999999999999999.00"},
	} {
		got, err := money.Parse(c.in, c.cur)
		if err != nil || got.Minor != c.want || got.Decimal() != c.out {
			t.Errorf("Parse(%q, %s) = %v (%s), %v; want %d (%s)", c.in, c.cur, got.Minor, got.Decimal(), err, c.want, c.out)
		}
	}
	for _, bad := range []string{"", ".", "1.", ".5", "1.234", "1e3", "+1", " 1", "1 ", "--1", "١", "0x1", "1,5", "9999999999999999"} {
		if got, err := money.Parse(bad, "EUR"); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", bad, got)
		}
	}
	for _, bad := range []string{"", "eur", "EU", "EURO", "QQQ"} {
		if c, err := money.ParseCurrency(bad); err == nil {
			t.Errorf("ParseCurrency(%q) = %q, want an error", bad, c)
		}
	}
	if _, err := money.Parse("1.5", "JPY"); err == nil {
		t.Error("a fraction of a yen was accepted")
	}
}

func TestBasisPointsRoundsHalfAway(t *testing.T) {
	for _, c := range []struct{ minor, bp, want int64 }{
		{100, 1000, 10}, {5, 1000, 1}, {4, 1000, 0}, {-5, 1000, -1}, {1, 5000, 1}, {9_000_000_000_000_000, 10_000, 9_000_000_000_000_000},
	} {
		if got := money.Of(c.minor, "EUR").BasisPoints(c.bp).Minor; got != c.want {
			t.Errorf("%d x %d bp = %d, want %d", c.minor, c.bp, got, c.want)
		}
	}
}

// Splitting never makes or loses a cent, and no part is more than one unit away from its exact share.
func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.Int64Range(-1_000_000_000, 1_000_000_000).Draw(t, "total")
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1_000_000), 1, 12).Draw(t, "weights")
		parts := money.Of(total, "EUR").Split(weights)
		var sum, wsum int64
		for i, p := range parts {
			sum += p.Minor
			wsum += weights[i]
		}
		if sum != total {
			t.Fatalf("parts add up to %d, want %d", sum, total)
		}
		for i, p := range parts {
			if wsum == 0 {
				continue
			}
			exact := float64(total) * float64(weights[i]) / float64(wsum)
			if d := float64(p.Minor) - exact; d > 1 || d < -1 {
				t.Fatalf("part %d is %d, its share %f", i, p.Minor, exact)
			}
		}
	})
}

func TestJSON(t *testing.T) {
	b, err := json.Marshal(money.Of(54000, "EUR"))
	if err != nil || string(b) != `{"amount":"540.00","currency":"EUR"}` {
		t.Fatalf("%s, %v", b, err)
	}
	var a money.Amount
	if err := json.Unmarshal([]byte(`{"amount":"1.2","currency":"XXQ"}`), &a); err == nil {
		t.Error("an unknown currency was accepted")
	}
}

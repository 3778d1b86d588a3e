package wire

import (
	"encoding/json"
	"errors"

	"github.com/danielgtaylor/huma/v2"

	"holdfast/money"
)

// Money is an amount as a decimal text with all digits of its currency.
type Money struct {
	Amount   string `json:"amount" pattern:"^-?[0-9]{1,15}(\\.[0-9]{1,3})?$" patternDescription:"a decimal text such as \"540.00\"" example:"540.00" doc:"Decimal with as many digits behind the point as the currency has: 540.00 EUR, 54000 JPY, 54.000 KWD."`
	Currency string `json:"currency" pattern:"^[A-Z]{3}$" patternDescription:"a currency code such as \"EUR\"" example:"EUR" doc:"ISO 4217 code."`
}

// MoneyOf shows an amount.
func MoneyOf(a money.Amount) Money { return Money{Amount: a.Decimal(), Currency: string(a.Currency)} }

// Minor shows minor units of a currency.
func Minor(minor int64, c money.Currency) Money { return MoneyOf(money.Of(minor, c)) }

// Price is an amount in the hotel's currency: a decimal text, or Money that names the currency, or null for "none of its
// own".
type Price struct {
	Set      bool
	Amount   string
	Currency string // "" when it was not named
}

// ErrPrice is a price in none of its forms.
var ErrPrice = errors.New("want a decimal text, an object with amount and currency, or null")

// UnmarshalJSON reads all three forms.
func (p *Price) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*p = Price{}
		return nil
	}
	if len(b) > 0 && b[0] == '"' {
		p.Set = true
		return json.Unmarshal(b, &p.Amount)
	}
	var m Money
	if err := json.Unmarshal(b, &m); err != nil || m.Currency == "" {
		return ErrPrice
	}
	*p = Price{Set: true, Amount: m.Amount, Currency: m.Currency}
	return nil
}

// MarshalJSON writes the form that was read.
func (p Price) MarshalJSON() ([]byte, error) {
	switch {
	case !p.Set:
		return []byte("null"), nil
	case p.Currency == "":
		return json.Marshal(p.Amount)
	}
	return json.Marshal(Money{Amount: p.Amount, Currency: p.Currency})
}

// Schema implements huma.SchemaProvider.
func (Price) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{
		OneOf: []*huma.Schema{
			{Type: huma.TypeString, Pattern: `^[0-9]{1,15}(\.[0-9]{1,3})?$`, PatternDescription: `a decimal text such as "180.00"`, Description: "A decimal in the hotel's currency."},
			r.Schema(moneyType, true, "Money"),
			{Type: "null", Enum: []any{nil}, Description: "None of its own."}, // huma holds no value against the type null,
		},
		Examples: []any{"180.00"},
	}
}

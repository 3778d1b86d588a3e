// Package money is exact money: a count of minor units and a currency. There is no floating point anywhere in it.
package money

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/bojanz/currency"
)

// Currency is an ISO 4217 code in capitals, e.g. "EUR".
type Currency string

// ParseCurrency accepts an active ISO 4217 code of three capitals.
func ParseCurrency(s string) (Currency, error) {
	if s == "" || !currency.IsValid(s) { // the library takes "no currency" for valid
		return "", fmt.Errorf("%q is not an ISO 4217 currency code", s)
	}
	return Currency(s), nil
}

// Exponent is the number of decimal digits of the minor unit: 2 for EUR, 0 for JPY, 3 for KWD.
func (c Currency) Exponent() int {
	d, ok := currency.GetDigits(string(c))
	if !ok {
		return 2
	}
	return int(d)
}

// Amount is Minor minor units of Currency. The zero value is "nothing, in no currency".
type Amount struct {
	Minor    int64
	Currency Currency
}

// Of is an amount of minor units.
func Of(minor int64, c Currency) Amount { return Amount{Minor: minor, Currency: c} }

// ErrAmount is the root of every refusal to read an amount.
var ErrAmount = errors.New("amount")

// maxDigits bounds what Parse reads: 15 digits before the point are more than any fare, and fit int64 with 3 behind it.
const maxDigits = 15

// maxWidth is how many digits int64 holds whatever they are; a few currencies (CLF, UYW) have four behind the point.
const maxWidth = 18

// Parse reads a plain decimal ("12.30", "-4", "0.5") in the currency's own exponent; more digits than the currency
// has, exponents, signs other than a leading minus and blanks are refused.
func Parse(s string, c Currency) (Amount, error) {
	digits, neg := s, false
	if strings.HasPrefix(s, "-") {
		digits, neg = s[1:], true
	}
	whole, frac, point := strings.Cut(digits, ".")
	exp := c.Exponent()
	switch {
	case whole == "" || point && frac == "":
		return Amount{}, fmt.Errorf("%w %q: want a plain decimal such as \"12.30\"", ErrAmount, s)
	case len(whole) > maxDigits || len(whole)+exp > maxWidth:
		return Amount{}, fmt.Errorf("%w %q: too large", ErrAmount, s)
	case len(frac) > exp:
		return Amount{}, fmt.Errorf("%w %q: %s has %d decimal digits", ErrAmount, s, c, exp)
	}
	var n int64
	for _, r := range whole + frac {
		if r < '0' || r > '9' {
			return Amount{}, fmt.Errorf("%w %q: want a plain decimal such as \"12.30\"", ErrAmount, s)
		}
		n = n*10 + int64(r-'0')
	}
	for i := len(frac); i < exp; i++ {
		n *= 10
	}
	if neg {
		n = -n
	}
	return Amount{Minor: n, Currency: c}, nil
}

// Decimal is the amount as a plain decimal with all digits of the currency: "12.30", "1500", "0.250".
func (a Amount) Decimal() string {
	exp := a.Currency.Exponent()
	var digits [24]byte
	n := strconv.AppendInt(digits[:0], a.Minor, 10)
	if exp == 0 {
		return string(n)
	}
	b := make([]byte, 0, 32)
	if n[0] == '-' {
		b, n = append(b, '-'), n[1:]
	}
	whole := len(n) - exp
	if whole <= 0 {
		b = append(b, '0', '.')
		for range -whole {
			b = append(b, '0')
		}
		return string(append(b, n...))
	}
	b = append(b, n[:whole]...)
	b = append(b, '.')
	return string(append(b, n[whole:]...))
}

// String is "12.30 EUR".
func (a Amount) String() string { return a.Decimal() + " " + string(a.Currency) }

// IsZero reports an amount of nothing.
func (a Amount) IsZero() bool { return a.Minor == 0 }

// Add is a+b; both must be of one currency (a zero Amount joins any), anything else is a defect and panics.
func (a Amount) Add(b Amount) Amount {
	if a.Currency == "" {
		return b
	}
	if b.Currency != "" && a.Currency != b.Currency {
		panic("money: " + string(a.Currency) + " + " + string(b.Currency))
	}
	return Amount{Minor: a.Minor + b.Minor, Currency: a.Currency}
}

// Sub is a-b under the rules of Add.
func (a Amount) Sub(b Amount) Amount { return a.Add(Amount{Minor: -b.Minor, Currency: b.Currency}) }

// Times is the amount n times.
func (a Amount) Times(n int64) Amount { return Amount{Minor: a.Minor * n, Currency: a.Currency} }

// BasisPoints is a share of the amount in 1/10,000, rounded half away from zero to a whole minor unit.
func (a Amount) BasisPoints(bp int64) Amount {
	return Amount{Minor: mulDivRound(a.Minor, bp, 10_000), Currency: a.Currency}
}

// mulDivRound is n*m/d rounded half away from zero, through 128 bits so that no product overflows.
func mulDivRound(n, m, d int64) int64 {
	neg := (n < 0) != (m < 0)
	hi, lo := bits.Mul64(abs(n), abs(m))
	lo, carry := bits.Add64(lo, uint64(d)/2, 0)
	q, _ := bits.Div64(hi+carry, lo, uint64(d))
	if q > math.MaxInt64 {
		panic("money: overflow")
	}
	if neg {
		return -int64(q)
	}
	return int64(q)
}

func abs(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}

// Split divides the amount over the weights (all >= 0) so that the parts add up to it exactly: whole minor units by
// weight, the rest one by one to the largest remainders, the earlier part first among equals (largest remainder
// method, Hamilton). Without any weight the parts are equal.
func (a Amount) Split(weights []int64) []Amount {
	parts := make([]Amount, len(weights))
	if len(parts) == 0 {
		return parts
	}
	var sum int64
	for _, w := range weights {
		sum += w
	}
	if sum == 0 {
		weights = make([]int64, len(parts))
		for i := range weights {
			weights[i] = 1
		}
		sum = int64(len(parts))
	}
	total, neg := a.Minor, a.Minor < 0
	if neg {
		total = -total
	}
	rest := total
	remainders := make([]uint64, len(parts))
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(total), uint64(w))
		q, r := bits.Div64(hi, lo, uint64(sum))
		parts[i] = Amount{Minor: int64(q), Currency: a.Currency}
		remainders[i] = r
		rest -= int64(q)
	}
	for ; rest > 0; rest-- {
		best := 0
		for i, r := range remainders {
			if r > remainders[best] {
				best = i
			}
		}
		parts[best].Minor++
		remainders[best] = 0
	}
	if neg {
		for i := range parts {
			parts[i].Minor = -parts[i].Minor
		}
	}
	return parts
}

type wire struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// MarshalJSON writes {"amount":"12.30","currency":"EUR"}.
func (a Amount) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{Amount: a.Decimal(), Currency: string(a.Currency)})
}

// UnmarshalJSON reads {"amount":"12.30","currency":"EUR"}.
func (a *Amount) UnmarshalJSON(b []byte) error {
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	c, err := ParseCurrency(w.Currency)
	if err != nil {
		return err
	}
	*a, err = Parse(w.Amount, c)
	return err
}

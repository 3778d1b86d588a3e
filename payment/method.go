package payment

import (
	"strings"
	"unicode"

	"holdfast/fault"
)

const (
	// methodPrefix begins every method: the mark of a provider's token.
	methodPrefix = "pm_"
	// maxMethod bounds a method, in bytes.
	maxMethod = 255
	// A card number has 12 to 19 digits (ISO/IEC 7812-1 allows 8 to 19; no card in use has fewer than 12).
	minCardDigits, maxCardDigits = 12, 19
)

// CheckMethod refuses with card_number_refused (422) a method that looks like a card number. Whoever takes a method from
// outside should ask it first, before the request is logged, stored or hashed. The error does not repeat the method.
func CheckMethod(method string) error {
	if looksLikeCard(method) {
		return fault.InvalidField("/payment_method", "card_number_refused",
			"This looks like a card number. Card numbers are never accepted here: send the token (pm_...) that the payment provider gave you for the card.")
	}
	return nil
}

// MethodUnknown is the refusal of a method that no provider knows. It does not repeat the method, which may be a secret.
func MethodUnknown() error {
	return fault.InvalidField("/payment_method", "payment_method_unknown",
		"No payment provider knows this payment method. Send a token such as pm_test_approved.")
}

// looksLikeCard reports 12 to 19 digits in a row anywhere in s, where blanks, dashes and other signs that people put
// between groups of digits do not end the row.
func looksLikeCard(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case unicode.IsDigit(r):
			digits++
		case unicode.IsSpace(r), unicode.In(r, unicode.Dash), strings.ContainsRune("._/", r):
		default:
			if minCardDigits <= digits && digits <= maxCardDigits {
				return true
			}
			digits = 0
		}
	}
	return minCardDigits <= digits && digits <= maxCardDigits
}

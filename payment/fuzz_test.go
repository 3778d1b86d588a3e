package payment_test

import (
	"strings"
	"testing"

	"holdfast/fault"
	"holdfast/payment"
)

// FuzzMethod: whatever is sent as a payment method, a refusal is the caller's mistake and does not repeat it.
func FuzzMethod(f *testing.F) {
	for _, seed := range []string{"pm_test_approved", "4111111111111111", "4111 1111-1111.1111", "pm_4111111111111111", "", strings.Repeat("1", 11), strings.Repeat("1", 20), "٤١١١١١١١١١١١١١١١", "\xff\xfe4111111111111111"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, method string) {
		err := payment.CheckMethod(method)
		if err == nil {
			return
		}
		if fault.KindOf(err) != fault.Invalid {
			t.Fatalf("refused with %v", err)
		}
		if len(method) > 11 && strings.Contains(err.Error(), method) {
			t.Fatalf("the refusal repeats the method: %v", err)
		}
	})
}

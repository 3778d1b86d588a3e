package resttest

import (
	"context"

	"holdfast/fault"
	"holdfast/payment"
	"holdfast/reservation"
	"holdfast/uid"
)

// RefusedID is a cancelled reservation whose refund was refused; only the calls about refused refunds know it.
var RefusedID = example("res", '8')

// refused is that reservation; it lives for one call.
func (w *World) refused() *reservation.Reservation {
	r := copyOf(w.reserved[PaidID])
	r.ID, r.Status, r.Payment, r.Owed, r.Attempt, r.RefundID = RefusedID, reservation.Cancelled, reservation.RefundFailed, r.Paid, PaymentID, uid.New()
	return r
}

func (d desk) RefusedRefunds(_ context.Context, _ reservation.Caller, after uid.ID, _ int) ([]*reservation.Reservation, error) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if !after.IsZero() {
		return nil, nil
	}
	return []*reservation.Reservation{d.w.refused()}, nil
}

func (d desk) RetryRefund(_ context.Context, c reservation.Caller, ref string) (*reservation.Reservation, error) {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if ref != RefusedID.Text("res") {
		if _, err := d.w.find(c, ref); err != nil {
			return nil, err
		}
		return nil, fault.New(fault.Conflict, "refund_not_refused", "Nothing was refused.")
	}
	r := d.w.refused()
	r.Payment, r.Refunded, r.Owed = reservation.Refunded, r.Paid, 0
	return r, nil
}

func (d desk) SettleOutside(ctx context.Context, c reservation.Caller, ref, reference string) (*reservation.Reservation, error) {
	if err := payment.CheckReference(reference); err != nil {
		return nil, err
	}
	return d.RetryRefund(ctx, c, ref)
}

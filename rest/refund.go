package rest

import (
	"context"
	"net/http"

	"holdfast/identity"
	"holdfast/reservation"
	"holdfast/rest/wire"
	"holdfast/uid"
)

type refusedOut struct {
	Body wire.RefusedRefundList
}

type settleIn struct {
	ReservationPath
	Raw
}

type refundOut struct {
	ETag string `header:"ETag" doc:"Version of the reservation."`
	Body wire.Reservation
}

// refusedReservation is the example of calls about a refused refund.
const refusedReservation = "res_01kavwy2x4e8hrn5z3m7q9t6b8"

// refundCalls are for what a payment provider refuses for good.
func (s *server) refundCalls() {
	const path = "/v1/reservations/{reservation_id}/refund"
	operator := []identity.Scope{identity.StaffAll}
	handle(s, operation{
		id: "list-refused-refunds", method: http.MethodGet, path: "/v1/refunds/refused", tag: "Payments", summary: "List refunds that were refused",
		about:    "For staff of the operator: what is owed to travellers and was refused by the payment provider for good. Have it tried again, or pay it by other means and say so.",
		operator: true, scopes: operator, status: http.StatusOK,
	}, s.refusedRefunds)
	handle(s, operation{
		id: "retry-refund", method: http.MethodPost, path: path + "/retry", tag: "Payments", summary: "Have a refused refund tried again",
		about:    "For staff of the operator. The answer shows what became of it; `payment_status` is `refund_failed` again when it was refused again. No body.",
		operator: true, scopes: operator, status: http.StatusOK, noBody: true, codes: []string{"reservation_not_found", "refund_not_refused"},
		params: map[string]string{"reservation_id": refusedReservation},
	}, s.retryRefund)
	handleBody(s, operation{
		id: "settle-refund", method: http.MethodPost, path: path + "/settle", tag: "Payments", summary: "Say that a refused refund was paid by other means",
		about: "For staff of the operator, once the money has been sent, e.g. by bank transfer. The reference is kept in the history and with the refund. " +
			"Repeating the call with the same reference changes nothing.",
		operator: true, scopes: operator, status: http.StatusOK, codes: []string{"reservation_not_found", "refund_not_refused", "reference_invalid"},
		params:   map[string]string{"reservation_id": refusedReservation},
		examples: []example{{"transfer", "Sent by bank transfer", `{"reference": "SEPA transfer of 22 November, statement 112"}`}},
	}, s.settleRefund)
}

func (s *server) refusedRefunds(ctx context.Context, c *call, in *Page) (*refusedOut, error) {
	var after uid.ID
	if in.After != "" {
		var err error
		if after, err = uid.Parse(reservationID, in.After); err != nil {
			return nil, badCursor("after")
		}
	}
	found, err := s.Reservations.RefusedRefunds(ctx, c.caller(), after, in.limit())
	if err != nil {
		return nil, err
	}
	out := &refusedOut{Body: wire.RefusedRefundList{Refunds: make([]wire.RefusedRefund, len(found))}}
	for i, r := range found {
		out.Body.Refunds[i] = wire.RefusedRefund{
			ReservationID: r.ID.Text(reservationID), Locator: r.Locator, PaymentID: r.Attempt.Text(paymentID), RefundID: r.RefundID.Text(refundID),
			Owed: wire.Minor(r.Owed, r.Currency), RefusedAt: instant(r.UpdatedAt),
		}
	}
	if len(found) == in.limit() {
		next := out.Body.Refunds[len(found)-1].ReservationID
		out.Body.Next = &next
	}
	return out, nil
}

func (s *server) retryRefund(ctx context.Context, c *call, in *ReservationPath) (*refundOut, error) {
	return s.afterRefund(ctx)(s.Reservations.RetryRefund(ctx, c.caller(), in.ReservationID))
}

func (s *server) settleRefund(ctx context.Context, c *call, in *settleIn, b *wire.SettleRequest) (*refundOut, error) {
	return s.afterRefund(ctx)(s.Reservations.SettleOutside(ctx, c.caller(), in.ReservationID, b.Reference))
}

func (s *server) afterRefund(ctx context.Context) func(*reservation.Reservation, error) (*refundOut, error) {
	return func(r *reservation.Reservation, err error) (*refundOut, error) {
		if err != nil {
			return nil, err
		}
		return &refundOut{ETag: etag(r.Version, ""), Body: s.showReservation(ctx, r)}, nil
	}
}

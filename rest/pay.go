package rest

import (
	"context"
	"net/http"

	"holdfast/fault"
	"holdfast/identity"
	"holdfast/payment"
	"holdfast/reservation"
	"holdfast/rest/problem"
	"holdfast/rest/wire"
	"holdfast/uid"
)

type payIn struct {
	ReservationPath
	NeedsKey
	Raw
}

type paidOut struct {
	Status   int
	ETag     string `header:"ETag" doc:"Version of the reservation."`
	Replayed string `header:"Idempotent-Replayed" doc:"true when the answer is the stored one of an earlier call."`
	Body     wire.Reservation
}

type quoteIn struct {
	ReservationPath
	TakesKey
	Raw
}

type quoteOut struct {
	Location string `header:"Location" doc:"Address of the quote; confirm it under /confirm."`
	Replayed string `header:"Idempotent-Replayed" doc:"true when the answer is the stored one of an earlier call."`
	Body     wire.Cancellation
}

type confirmIn struct {
	ReservationPath
	QuoteID string `path:"quote_id" maxLength:"64" example:"quo_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the quote."`
	TakesKey
}

type paymentListIn struct {
	Reservation string `query:"reservation" required:"true" maxLength:"80" example:"res_01kavwy2x4e8hrn5z3m7q9t6b4" doc:"Id of the reservation."`
}

type paymentListOut struct {
	Body wire.PaymentList
}

type paymentIn struct {
	PaymentID string `path:"payment_id" maxLength:"64" example:"pay_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the payment."`
}

type paymentOut struct {
	Body wire.Payment
}

// paidReservation is the example of calls that need a paid reservation.
const paidReservation = "res_01kavwy2x4e8hrn5z3m7q9t6b4"

func (s *server) cancellationCalls() {
	const path = "/v1/reservations/{reservation_id}/cancellations"
	handleBody(s, operation{
		id: "quote-cancellation", method: http.MethodPost, path: path, tag: "Cancellations", summary: "Ask what cancelling costs",
		about:  "For paid reservations. The quote names the refund to the cent and lives 15 minutes; nothing is cancelled yet. Without a body all items are meant.",
		scopes: booking, status: http.StatusCreated, key: keyOptional, bodyOptional: true, codes: []string{"reservation_not_found", "not_cancellable", "payment_running", "item_unknown"},
		params:   map[string]string{"reservation_id": paidReservation},
		examples: []example{{"all", "All items", `{}`}, {"one", "One item", `{"items": ["itm_01kavwy2x4e8hrn5z3m7q9t6b4"]}`}},
	}, s.quote)
	handle(s, operation{
		id: "confirm-cancellation", method: http.MethodPost, path: path + "/{quote_id}/confirm", tag: "Cancellations", summary: "Cancel as quoted",
		about:  "Cancels the items of the quote and returns its refund. No body.",
		scopes: booking, status: http.StatusOK, key: keyOptional, noBody: true, waits: true,
		codes:  []string{"reservation_not_found", "quote_not_found", "quote_expired", "quote_outdated", "not_cancellable", "payment_running"},
		params: map[string]string{"reservation_id": paidReservation},
	}, s.confirm)
}

func (s *server) paymentCalls() {
	handleBody(s, operation{
		id: "pay-reservation", method: http.MethodPost, path: "/v1/reservations/{reservation_id}/pay", tag: "Payments", summary: "Pay",
		about: "Takes the total. 200: it is confirmed. 402: declined, and the stock is given back. 202: the outcome is not known yet; read the " +
			"reservation again, or repeat the call with the same key.",
		scopes: []identity.Scope{identity.PaymentsWrite}, status: http.StatusOK, key: keyRequired, waits: true,
		answers: map[int]string{http.StatusAccepted: "The payment runs; its outcome is not known yet."},
		codes: []string{
			"not_all_yours",
			"reservation_not_found", "hold_expired", "not_payable", "payment_running", "payment_declined", "paid_too_late", "payment_method_unknown",
			"card_number_refused", "payment_provider_unavailable", "withdrawn",
		},
		examples: []example{{"approved", "With a test card that is approved", `{"payment_method": "pm_test_approved"}`}},
	}, s.pay)
	read := []identity.Scope{identity.PaymentsWrite, identity.ReservationsWrite, identity.InventoryWrite, identity.RefundsApprove}
	handle(s, operation{
		id: "list-payments", method: http.MethodGet, path: "/v1/payments", tag: "Payments", summary: "List the payments of a reservation",
		about:  "With their refunds, oldest first. Whoever can read the reservation can read its payments.",
		scopes: read, status: http.StatusOK, codes: []string{"reservation_not_found"},
	}, s.listPayments)
	handle(s, operation{
		id: "get-payment", method: http.MethodGet, path: "/v1/payments/{payment_id}", tag: "Payments", summary: "Read a payment",
		about:  "Whoever can read the reservation can read its payments.",
		scopes: read, status: http.StatusOK, codes: []string{"payment_not_found"},
	}, s.getPayment)
}

func (s *server) pay(ctx context.Context, c *call, in *payIn, b *wire.PayRequest) (*paidOut, error) {
	if err := payment.CheckMethod(b.PaymentMethod); err != nil { // before anything of it is hashed or handed on
		return nil, err
	}
	key, err := c.key(in.IdempotencyKey, keyRequired)
	if err != nil {
		return nil, err
	}
	a, err := s.Reservations.Pay(ctx, c.caller(), in.ReservationID, b.PaymentMethod, key)
	if err != nil {
		return nil, err
	}
	if a.Outcome == reservation.OutcomeDeclined {
		return nil, marked(problem.New("payment_declined", ""), a)
	}
	if a.Outcome == reservation.OutcomeRefundedLate {
		return nil, marked(problem.New("paid_too_late", ""), a)
	}
	out := &paidOut{Status: http.StatusOK, ETag: etag(a.Reservation.Version, ""), Replayed: replayed(a), Body: s.showReservation(ctx, a.Reservation)}
	if a.Reservation.Status == reservation.Confirming {
		out.Status = http.StatusAccepted
	}
	return out, nil
}

// marked marks a refusal that is a stored answer.
func marked(p *problem.Problem, a reservation.Answer) *problem.Problem {
	if a.Replayed {
		p = p.SetHeader("Idempotent-Replayed", "true")
	}
	return p
}

func (s *server) quote(ctx context.Context, c *call, in *quoteIn, b *wire.CancellationRequest) (*quoteOut, error) {
	key, err := c.key(in.IdempotencyKey, keyOptional)
	if err != nil {
		return nil, err
	}
	a, err := s.Reservations.QuoteCancellation(ctx, c.caller(), in.ReservationID, b.Items, key)
	if err != nil {
		return nil, err
	}
	r, q := a.Reservation, a.Quote
	shown := wire.Cancellation{
		ID: q.ID.Text(quoteID), ReservationID: s.showReservation(ctx, r).ID, Items: make([]string, len(q.Items)),
		Refund: wire.Minor(q.Refund, r.Currency), Fee: wire.Minor(q.Fee, r.Currency), ExpiresAt: instant(q.ExpiresAt),
	}
	for i, id := range q.Items {
		shown.Items[i] = id.Text(itemID)
	}
	return &quoteOut{Location: "/v1/reservations/" + shown.ReservationID + "/cancellations/" + shown.ID, Replayed: replayed(a), Body: shown}, nil
}

func (s *server) confirm(ctx context.Context, c *call, in *confirmIn) (*paidOut, error) {
	key, err := c.key(in.IdempotencyKey, keyOptional)
	if err != nil {
		return nil, err
	}
	a, err := s.Reservations.ConfirmCancellation(ctx, c.caller(), in.ReservationID, in.QuoteID, key)
	if err != nil {
		return nil, err
	}
	return &paidOut{Status: http.StatusOK, ETag: etag(a.Reservation.Version, ""), Replayed: replayed(a), Body: s.showReservation(ctx, a.Reservation)}, nil
}

func showPayment(p payment.Payment) wire.Payment {
	return wire.Payment{
		ID: p.ID.Text(paymentID), ReservationID: p.Reservation.Text(reservationID), Amount: wire.MoneyOf(p.Amount), Method: p.Method, Status: p.Status.String(),
		Reason: p.Reason, Refunded: wire.Minor(p.Refunded.Minor, p.Amount.Currency), CreatedAt: instant(p.CreatedAt), UpdatedAt: instant(p.UpdatedAt),
	}
}

var refundStatus = map[payment.RefundStatus]string{payment.RefundPending: "pending", payment.RefundSucceeded: "succeeded", payment.RefundFailed: "failed"}

func (s *server) listPayments(ctx context.Context, c *call, in *paymentListIn) (*paymentListOut, error) {
	r, err := s.Reservations.Reservation(ctx, c.caller(), in.Reservation)
	if err != nil {
		return nil, err
	}
	payments, refunds, err := s.Payments.Payments(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	out := &paymentListOut{Body: wire.PaymentList{Payments: make([]wire.Payment, len(payments)), Refunds: make([]wire.Refund, len(refunds))}}
	for i, p := range payments {
		out.Body.Payments[i] = showPayment(p)
	}
	for i, f := range refunds {
		out.Body.Refunds[i] = wire.Refund{
			ID: f.ID.Text(refundID), PaymentID: f.Payment.Text(paymentID), Amount: wire.MoneyOf(f.Amount), Status: refundStatus[f.Status], Reference: f.Reference,
			CreatedAt: instant(f.CreatedAt),
		}
	}
	return out, nil
}

func (s *server) getPayment(ctx context.Context, c *call, in *paymentIn) (*paymentOut, error) {
	unknown := fault.New(fault.NotFound, "payment_not_found", "There is no payment %s.", shown(in.PaymentID))
	id, err := uid.Parse(paymentID, in.PaymentID)
	if err != nil {
		return nil, unknown
	}
	p, err := s.Payments.Payment(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := s.Reservations.Reservation(ctx, c.caller(), p.Reservation.Text(reservationID)); err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return nil, unknown
		}
		return nil, err
	}
	return &paymentOut{Body: showPayment(p)}, nil
}

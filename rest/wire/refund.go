package wire

// RefusedRefund is money that is owed to a traveller and that the payment provider will not return.
type RefusedRefund struct {
	ReservationID string `json:"reservation_id" example:"res_01kavwy2x4e8hrn5z3m7q9t6b8" doc:"The reservation; our id of it."`
	Locator       string `json:"locator" example:"H7K3QF" doc:"Its six characters for people."`
	PaymentID     string `json:"payment_id" example:"pay_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The payment it would be taken from."`
	RefundID      string `json:"refund_id" example:"rfd_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"The refund that was refused."`
	Owed          Money  `json:"owed" doc:"How much is owed."`
	RefusedAt     string `json:"refused_at" format:"date-time" example:"2026-11-22T10:02:00Z" doc:"When it was refused, or the reservation last changed."`
}

// RefusedRefundList is a page of them.
type RefusedRefundList struct {
	Refunds []RefusedRefund `json:"refunds" doc:"Of the oldest reservations first."`
	Next    *string         `json:"next" example:"res_01kavwy2x4e8hrn5z3m7q9t6b8" doc:"Cursor of the next page; null on the last."`
}

// SettleRequest says how a refused refund was paid.
type SettleRequest struct {
	Reference string `json:"reference" minLength:"1" maxLength:"200" example:"SEPA transfer of 22 November, statement 112" doc:"Where the payment can be found, in one line. Never a card number."`
}

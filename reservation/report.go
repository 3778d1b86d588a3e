package reservation

// AuditReport is what an audit found.
type AuditReport struct {
	Pools        int64     `json:"pools"`
	Slots        int64     `json:"slots"`
	Units        int64     `json:"units"` // seats and the like, of the pools that have them
	Claims       int64     `json:"claims"`
	Reservations int64     `json:"reservations"`
	Archived     int64     `json:"archived"` // of the reservations
	Entries      int64     `json:"history_entries"`
	Events       int64     `json:"events"`
	Keys         int64     `json:"idempotency_keys"`
	Payments     int64     `json:"payments"`
	Refused      int64     `json:"refunds_refused"` // refunds that wait for staff
	Oversold     int64     `json:"oversold_slots"`  // with more claimed than the target: allowed, but worth knowing
	Findings     []Finding `json:"findings"`
	More         bool      `json:"more_findings"` // than are listed

	Violations map[string]int64 `json:"violations"` // how many were found, listed or not, by invariant
}

// Finding is one thing that is wrong.
type Finding struct {
	Invariant string `json:"invariant"` // "I1" ...
	Subject   string `json:"subject"`   // which pool, slot or reservation
	Detail    string `json:"detail"`
}

// Clean reports that nothing is wrong.
func (r *AuditReport) Clean() bool { return len(r.Findings) == 0 }

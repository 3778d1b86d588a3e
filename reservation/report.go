package reservation

// AuditReport is what an audit found.
type AuditReport struct {
	Pools, Slots, Claims, Reservations, Entries, Events, Keys, Payments int64
	Oversold                                                            int64 // slots with more claimed than the target, allowed but worth knowing
	Findings                                                            []Finding
	More                                                                bool // there are more findings than are listed
}

// Finding is one thing that is wrong.
type Finding struct {
	Invariant string // "I1" ...
	Subject   string // which pool, slot or reservation
	Detail    string
}

// Clean reports that nothing is wrong.
func (r *AuditReport) Clean() bool { return len(r.Findings) == 0 }

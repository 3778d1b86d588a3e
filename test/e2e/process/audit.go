package process

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// AuditReport is what `holdfast audit --json` says.
type AuditReport struct {
	Pools        int64     `json:"pools"`
	Slots        int64     `json:"slots"`
	Units        int64     `json:"units"`
	Claims       int64     `json:"claims"`
	Reservations int64     `json:"reservations"`
	Archived     int64     `json:"archived"` // of the reservations
	Entries      int64     `json:"history_entries"`
	Events       int64     `json:"events"`
	Keys         int64     `json:"idempotency_keys"`
	Payments     int64     `json:"payments"`
	Refused      int64     `json:"refunds_refused"`
	Oversold     int64     `json:"oversold_slots"`
	Findings     []Finding `json:"findings"`
	More         bool      `json:"more_findings"`

	Violations map[string]int64 `json:"violations"` // by invariant
}

// Finding is something that is not as it must be.
type Finding struct {
	Invariant string `json:"invariant"`
	Subject   string `json:"subject"`
	Detail    string `json:"detail"`
}

// Audit runs `BINARY audit --json STORE...`. Findings are no error; an exit code that does not go with them is.
func Audit(ctx context.Context, binary string, store ...string) (AuditReport, error) {
	var report AuditReport
	r, err := Run(ctx, binary, append([]string{"audit", "--json"}, store...)...)
	if err != nil {
		return report, err
	}
	decoder := json.NewDecoder(strings.NewReader(r.Stdout))
	decoder.DisallowUnknownFields() // a count under another name would read as nothing
	if err := decoder.Decode(&report); err != nil {
		return report, fmt.Errorf("audit: exit code %d, %w in %s%s", r.Code, err, r.Stdout, r.Stderr)
	}
	if (r.Code == 0) != (len(report.Findings) == 0) {
		return report, fmt.Errorf("audit: exit code %d with %d findings\n%s", r.Code, len(report.Findings), r.Stderr)
	}
	return report, nil
}

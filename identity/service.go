// Package identity knows who calls: until people can sign in, bearer tokens from a file that carry a subject, a
// supplier and scopes; and it owns the suppliers that staff belong to.
package identity

import (
	"context"
	"slices"
	"time"

	"holdfast/uid"
)

// Scope is one right a token carries.
type Scope string

// The scopes. StaffAll contains every other one.
const (
	OffersRead        Scope = "offers:read"
	ReservationsWrite Scope = "reservations:write"
	PaymentsWrite     Scope = "payments:write"
	RefundsApprove    Scope = "refunds:approve"
	InventoryWrite    Scope = "inventory:write"
	StaffAll          Scope = "staff:*"
)

// Scopes lists all of them.
var Scopes = []Scope{OffersRead, ReservationsWrite, PaymentsWrite, RefundsApprove, InventoryWrite, StaffAll}

// Principal is an authenticated caller.
type Principal struct {
	Subject  string
	Supplier uid.ID // zero for travellers and for staff of the operator
	Scopes   []Scope
}

// Has reports whether the principal may do what the scope covers.
func (p *Principal) Has(s Scope) bool {
	return slices.Contains(p.Scopes, s) || slices.Contains(p.Scopes, StaffAll)
}

// Staff reports whether the principal acts for a supplier or the operator.
func (p *Principal) Staff() bool {
	return slices.Contains(p.Scopes, StaffAll) || slices.Contains(p.Scopes, InventoryWrite) || slices.Contains(p.Scopes, RefundsApprove)
}

// Operator reports staff of the operator: all rights over all suppliers.
func (p *Principal) Operator() bool {
	return p.Supplier.IsZero() && slices.Contains(p.Scopes, StaffAll)
}

// SupplierKind is what a supplier sells.
type SupplierKind uint8

// The kinds.
const (
	HotelChain SupplierKind = iota + 1
	Airline
	Railway
)

var kindText = [...]string{HotelChain: "hotel_chain", Airline: "airline", Railway: "railway"}

// String is the word the API uses.
func (k SupplierKind) String() string { return kindText[k] }

// Supplier owns stock and content.
type Supplier struct {
	ID        uid.ID // sup_
	Name      string
	Kind      SupplierKind
	CreatedAt time.Time
}

// Service is what others may ask of identity. Errors are fault.Error: token_missing, token_unknown (401),
// supplier_not_found (404), validation_failed (422), supplier_exists (409).
type Service interface {
	// Authenticate turns a bearer token into a principal. It costs no I/O.
	Authenticate(token string) (*Principal, error)
	// CreateSupplier stores a supplier; a zero ID gets a fresh one. The same ID, name and kind again changes nothing.
	CreateSupplier(ctx context.Context, s Supplier) (Supplier, error)
	Supplier(ctx context.Context, id uid.ID) (Supplier, error)
	// Suppliers lists all by name; there are at most a few thousand.
	Suppliers(ctx context.Context) ([]Supplier, error)
}

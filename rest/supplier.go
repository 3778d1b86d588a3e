package rest

import (
	"context"
	"net/http"

	"holdfast/fault"
	"holdfast/identity"
	"holdfast/rest/wire"
	"holdfast/uid"
)

var staff = []identity.Scope{identity.InventoryWrite, identity.StaffAll}

type supplierIn struct {
	SupplierID string `path:"supplier_id" maxLength:"64" example:"sup_01kavwy2x4e8hrn5z3m7q9t6b0" doc:"Id of the supplier."`
}

type supplierOut struct {
	Location string `header:"Location" doc:"Address of what was made."`
	Body     wire.Supplier
}

type onlySupplierOut struct {
	Body wire.Supplier
}

type supplierListOut struct {
	Body wire.SupplierList
}

func (s *server) supplierCalls() {
	handleBody(s, operation{
		id: "create-supplier", method: http.MethodPost, path: "/v1/suppliers", tag: "Suppliers", summary: "Make a supplier",
		about:    "For staff of the operator. With an `id` of your choice the call can be repeated: the same id, name and kind again changes nothing.",
		operator: true, scopes: []identity.Scope{identity.StaffAll}, status: http.StatusCreated, codes: []string{"supplier_exists"},
		examples: []example{
			{"hotel_chain", "A hotel chain", `{"name": "Seaside Hotels", "kind": "hotel_chain"}`},
			{"repeatable", "With an id of your own", `{"id": "sup_01kavwy2x4e8hrn5z3m7q9t6bg", "name": "Nordbahn", "kind": "railway"}`},
		},
	}, s.createSupplier)
	handle(s, operation{
		id: "list-suppliers", method: http.MethodGet, path: "/v1/suppliers", tag: "Suppliers", summary: "List suppliers",
		about:  "Staff of the operator see all, staff of a supplier their own.",
		scopes: staff, status: http.StatusOK,
	}, s.listSuppliers)
	handle(s, operation{
		id: "get-supplier", method: http.MethodGet, path: "/v1/suppliers/{supplier_id}", tag: "Suppliers", summary: "Read a supplier",
		about:  "For its staff, and staff of the operator.",
		scopes: staff, status: http.StatusOK, codes: []string{"supplier_not_found"},
	}, s.getSupplier)
}

func supplierKind(word string) identity.SupplierKind {
	for k := identity.HotelChain; k <= identity.Railway; k++ {
		if k.String() == word {
			return k
		}
	}
	return 0
}

func showSupplier(s identity.Supplier) wire.Supplier {
	return wire.Supplier{ID: s.ID.Text(supplierID), Name: s.Name, Kind: s.Kind.String(), CreatedAt: instant(s.CreatedAt)}
}

func (s *server) createSupplier(ctx context.Context, _ *call, _ *Raw, b *wire.SupplierRequest) (*supplierOut, error) {
	var r reader
	id := r.id("/id", supplierID, b.ID)
	if err := r.err(); err != nil {
		return nil, err
	}
	made, err := s.Identity.CreateSupplier(ctx, identity.Supplier{ID: id, Name: b.Name, Kind: supplierKind(b.Kind)})
	if err != nil {
		return nil, err
	}
	shown := showSupplier(made)
	return &supplierOut{Location: "/v1/suppliers/" + shown.ID, Body: shown}, nil
}

func (s *server) listSuppliers(ctx context.Context, c *call, in *Page) (*supplierListOut, error) {
	all, err := s.Identity.Suppliers(ctx)
	if err != nil {
		return nil, err
	}
	mine := make([]identity.Supplier, 0, len(all))
	for _, sup := range all {
		if c.actsFor(sup.ID) {
			mine = append(mine, sup)
		}
	}
	page, next, err := slice(*in, mine)
	if err != nil {
		return nil, err
	}
	out := &supplierListOut{Body: wire.SupplierList{Next: next}}
	for _, sup := range page {
		out.Body.Suppliers = append(out.Body.Suppliers, showSupplier(sup))
	}
	return out, nil
}

func (s *server) getSupplier(ctx context.Context, c *call, in *supplierIn) (*onlySupplierOut, error) {
	sup, err := s.supplier(ctx, c, in.SupplierID)
	if err != nil {
		return nil, err
	}
	return &onlySupplierOut{Body: showSupplier(sup)}, nil
}

// supplier reads a supplier that the caller acts for; others do not exist.
func (s *server) supplier(ctx context.Context, c *call, text string) (identity.Supplier, error) {
	id, err := uid.Parse(supplierID, text)
	if err != nil || !c.actsFor(id) {
		return identity.Supplier{}, fault.New(fault.NotFound, "supplier_not_found", "There is no supplier %s.", shown(text))
	}
	return s.Identity.Supplier(ctx, id)
}

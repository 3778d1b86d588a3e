package demo

import (
	"context"
	"fmt"
	"time"

	"holdfast/hotel"
	"holdfast/identity"
	"holdfast/uid"
)

// Suppliers are what Fill needs of identity.
type Suppliers interface {
	CreateSupplier(ctx context.Context, s identity.Supplier) (identity.Supplier, error)
}

// Hotels are what Fill needs of hotel.
type Hotels interface {
	House(ctx context.Context, e *hotel.Editor, id uid.ID) (*hotel.House, error)
	// CreateHouses passes over houses that are there.
	CreateHouses(ctx context.Context, e hotel.Editor, houses []hotel.House, progress func(done int)) error
}

// editor is who the demo's hotels are made by: the operator.
var editor = hotel.Editor{Subject: "demo"}

// Fill brings the world into the services and returns how many hotels it added. What is there already stays as it is,
// so a Fill that was cut off is finished by the next one. progress hears how many hotels of the world are there.
func Fill(ctx context.Context, w World, suppliers Suppliers, hotels Hotels, progress func(done, total int)) (added int, err error) {
	for _, s := range w.Suppliers {
		if _, err := suppliers.CreateSupplier(ctx, s); err != nil {
			return 0, fmt.Errorf("supplier %q: %w", s.Name, err)
		}
	}
	var missing []hotel.House
	for _, h := range w.Houses {
		if _, err := hotels.House(ctx, &editor, h.Hotel.ID); err != nil {
			missing = append(missing, h) // CreateHouses asks again and says what is really wrong
		}
	}
	there := len(w.Houses) - len(missing)
	err = hotels.CreateHouses(ctx, editor, missing, func(done int) { progress(there+done, len(w.Houses)) })
	return len(missing), err
}

// Tokens are the well-known tokens of a demo that only its own machine can reach.
func Tokens() []identity.Token {
	traveller := []identity.Scope{identity.OffersRead, identity.ReservationsWrite, identity.PaymentsWrite}
	staff := func(name string, supplier uid.ID) identity.Token {
		return identity.Token{Token: name, Subject: name, Supplier: supplier.Text("sup"), Scopes: append(traveller[:3:3], identity.RefundsApprove, identity.InventoryWrite)}
	}
	return []identity.Token{
		{Token: "demo-traveller", Subject: "demo-traveller", Scopes: traveller},
		{Token: "demo-traveller-2", Subject: "demo-traveller-2", Scopes: traveller},
		staff("demo-staff", Staff()), staff("demo-airline-staff", AirlineStaff()), staff("demo-railway-staff", RailwayStaff()),
		{Token: "demo-operator", Subject: "demo-operator", Scopes: []identity.Scope{identity.StaffAll}},
	}
}

// Example is a command line that asks a server for offers.
func Example(url, token string, checkIn time.Time) string {
	return fmt.Sprintf(`  curl -s %s/v1/offers -H 'Authorization: Bearer %s' -H 'Content-Type: application/json' \
    -d '{"stay": {"place": "Lisbon", "check_in": "%s", "check_out": "%s", "rooms": [{"adults": 2}]}, "limit": 3}'`,
		url, token, checkIn.Format(time.DateOnly), checkIn.AddDate(0, 0, 3).Format(time.DateOnly))
}

package rest

import (
	"context"

	"holdfast/hotel"
	"holdfast/offer"
	"holdfast/rest/wire"
	"holdfast/stock"
	"holdfast/uid"
)

// names looks up what a reservation shows of hotels, stations and airports, once for each.
type names struct {
	ctx    context.Context //nolint:containedctx // it lives for one answer
	houses map[uid.ID]*hotel.House
	places map[placeKey]*wire.RidePlace
}

type placeKey struct {
	mode offer.Mode
	code string
}

func (s *server) names(ctx context.Context) *names {
	return &names{ctx: ctx}
}

// house is nil for a hotel that is not known any more.
func (n *names) house(s *server, id uid.ID) *hotel.House {
	if h, ok := n.houses[id]; ok {
		return h
	}
	h, err := s.Hotels.House(n.ctx, &hotel.Editor{}, id) // as the operator: what is sold is shown even when it has been retired since
	if err != nil {
		h = nil
	}
	if n.houses == nil {
		n.houses = map[uid.ID]*hotel.House{}
	}
	n.houses[id] = h
	return h
}

// place is a station or an airport, with its name today if it is known.
func (n *names) place(_ *server, m offer.Mode, code string) *wire.RidePlace {
	key := placeKey{m, code}
	if p, ok := n.places[key]; ok {
		return p
	}
	p := &wire.RidePlace{Code: code}
	if n.places == nil {
		n.places = map[placeKey]*wire.RidePlace{}
	}
	n.places[key] = p
	return p
}

// stop is where a slot of the line begins; nil when the run is not known any more.
func (n *names) stop(*server, *offer.Ride, stock.Slot) *wire.RidePlace { return nil }

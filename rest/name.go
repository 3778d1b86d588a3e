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
func (n *names) place(s *server, m offer.Mode, code string) *wire.RidePlace {
	if m == offer.Flight {
		return n.airport(s, code)
	}
	return n.known(placeKey{m, code}, func(p *wire.RidePlace) {
		if s.Rail == nil {
			return
		}
		if st, err := s.Rail.Station(n.ctx, code); err == nil {
			p.Name, p.TimeZone = st.Name, st.TimeZone
		}
	})
}

// airport is an airport, with its name today if it is known.
func (n *names) airport(s *server, code string) *wire.RidePlace {
	return n.known(placeKey{offer.Flight, code}, func(p *wire.RidePlace) {
		if s.Flights == nil {
			return
		}
		if a, err := s.Flights.Airport(n.ctx, code); err == nil {
			p.Name, p.TimeZone = a.Name, a.Zone
		}
	})
}

func (n *names) known(key placeKey, learn func(*wire.RidePlace)) *wire.RidePlace {
	if p, ok := n.places[key]; ok {
		return p
	}
	p := &wire.RidePlace{Code: key.code}
	learn(p)
	if n.places == nil {
		n.places = map[placeKey]*wire.RidePlace{}
	}
	n.places[key] = p
	return p
}

// stop is the station where a slot of a train's line begins; nil when the run is not known any more.
func (n *names) stop(s *server, r *offer.Ride, slot stock.Slot) *wire.RidePlace {
	if s.Rail == nil || r.Mode != offer.Train {
		return nil
	}
	run, err := s.Rail.Run(n.ctx, r.Run)
	if err != nil || slot < 0 || int(slot) >= len(run.Calls) {
		return nil
	}
	c := &run.Calls[slot]
	return stationPlace(c.Station, c.TimeZone)
}

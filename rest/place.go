package rest

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"holdfast/rest/wire"
)

type placesIn struct {
	Q     string `query:"q" required:"true" minLength:"1" maxLength:"100" example:"Lisbon" doc:"Beginning of a name, or a code."`
	Kind  string `query:"kind" enum:"city,station,airport,metro" example:"airport" doc:"Only places of this kind."`
	Limit int    `query:"limit" minimum:"1" maximum:"50" default:"10" example:"10" doc:"At most so many."`
}

type placesOut struct {
	Body wire.PlaceList
}

func (s *server) placeCalls() {
	handle(s, operation{
		id: "find-places", method: http.MethodGet, path: "/v1/places", tag: "Offers", summary: "Find places",
		about: "Cities with hotels, stations, airports and areas with several of them, by the beginning of their names or by code: what a search can start or end at. " +
			"The very name or code comes first, then what is on sale, of each kind in turn. Public.",
		public: true, status: http.StatusOK, codes: []string{"place_invalid"},
	}, s.findPlaces)
}

func (s *server) findPlaces(ctx context.Context, _ *call, in *placesIn) (*placesOut, error) {
	var kinds [][]wire.FoundPlace
	for _, find := range []func(context.Context, *placesIn) ([]wire.FoundPlace, error){s.findCities, s.findAirports, s.findStations} {
		found, err := find(ctx, in)
		if err != nil {
			return nil, rebase(err, "", func(pointer string) string { return strings.TrimPrefix(pointer, "/") })
		}
		kinds = append(kinds, found)
	}
	out := &placesOut{Body: wire.PlaceList{Places: rank(in.Q, kinds)}}
	out.Body.Places = out.Body.Places[:min(len(out.Body.Places), in.Limit)]
	return out, nil
}

func (in *placesIn) wants(kinds ...string) bool {
	return in.Kind == "" || slices.Contains(kinds, in.Kind)
}

func (s *server) findCities(ctx context.Context, in *placesIn) ([]wire.FoundPlace, error) {
	if !in.wants("city") {
		return nil, nil
	}
	found, err := s.Hotels.Cities(ctx, in.Q, in.Limit)
	out := make([]wire.FoundPlace, len(found))
	for i, c := range found {
		out[i] = wire.FoundPlace{Kind: "city", Name: c.Name, City: c.Name, Country: c.Country, Hotels: c.Hotels, Served: true}
	}
	return out, err
}

func (s *server) findAirports(ctx context.Context, in *placesIn) ([]wire.FoundPlace, error) {
	if s.Flights == nil || !in.wants("airport", "metro") || strings.TrimSpace(in.Q) == "" {
		return nil, nil
	}
	found, err := s.Flights.Places(ctx, in.Q, in.Limit)
	var out []wire.FoundPlace
	for _, p := range found {
		shown := wire.FoundPlace{Kind: "airport", Code: p.Code, Name: p.Name, City: p.City, Country: p.Country, Served: p.Served}
		if len(p.Airports) != 1 || p.Airports[0] != p.Code {
			shown.Kind, shown.Airports = "metro", p.Airports
		}
		if in.wants(shown.Kind) {
			out = append(out, shown)
		}
	}
	return out, err
}

func (s *server) findStations(ctx context.Context, in *placesIn) ([]wire.FoundPlace, error) {
	if s.Rail == nil || !in.wants("station") || strings.TrimSpace(in.Q) == "" {
		return nil, nil
	}
	found, err := s.Rail.Stations(ctx, in.Q, in.Limit)
	out := make([]wire.FoundPlace, len(found))
	for i, st := range found {
		out[i] = wire.FoundPlace{Kind: "station", Code: st.Code, Name: st.Name, City: st.City, Country: st.Country, Served: st.CallsADay > 0}
	}
	return out, err
}

// rank puts places of several kinds, each in its own order, into one: what is called exactly so, then what begins so and is
// on sale, then the rest; of each the kinds in turn.
func rank(text string, kinds [][]wire.FoundPlace) []wire.FoundPlace {
	classes := [3][]wire.FoundPlace{}
	for i := 0; ; i++ {
		more := false
		for _, list := range kinds {
			if i >= len(list) {
				continue
			}
			more = true
			p := list[i]
			switch {
			case strings.EqualFold(p.Code, text) || strings.EqualFold(p.Name, text):
				classes[0] = append(classes[0], p)
			case p.Served:
				classes[1] = append(classes[1], p)
			default:
				classes[2] = append(classes[2], p)
			}
		}
		if !more {
			return slices.Concat(append([][]wire.FoundPlace{{}}, classes[:]...)...)
		}
	}
}

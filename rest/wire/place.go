package wire

// PlaceList is places that a text may mean.
type PlaceList struct {
	Places []FoundPlace `json:"places" doc:"The best matches first."`
}

// FoundPlace is where a search can start or end.
type FoundPlace struct {
	Kind     string   `json:"kind" enum:"city,station,airport,metro" example:"airport" doc:"city: has hotels. station, airport. metro: several airports of one area."`
	Code     string   `json:"code,omitempty" example:"LIS" doc:"Code of a station, IATA code of an airport or area; what a search takes. A city is searched by its name."`
	Name     string   `json:"name" example:"Lisbon Airport" doc:"Its name."`
	City     string   `json:"city,omitempty" example:"Lisbon" doc:"The city it is in."`
	Country  string   `json:"country,omitempty" example:"PT" doc:"ISO 3166-1 alpha-2 code, where it is known."`
	Airports []string `json:"airports,omitempty" example:"[\"LHR\",\"LGW\"]" doc:"Of an area: its airports."`
	Hotels   int      `json:"hotels,omitzero" example:"12" doc:"Of a city: its hotels."`
	Served   bool     `json:"served" example:"true" doc:"Something is on sale there."`
}

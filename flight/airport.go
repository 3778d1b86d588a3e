package flight

import "holdfast/fault"

// Airport is an airport with an IATA code. Airports belong to nobody: the operator's staff keep them.
type Airport struct {
	IATA, ICAO          string
	Name, City, Country string // Country is ISO 3166 alpha-2
	Zone                string // IANA zone
	Metro               string // IATA code of its metropolitan area; "" for none
	Latitude, Longitude float64
	ConnectMinutes      int32 // least time to change planes here; 0: the defaults of itinerary.Rules
}

// MaxConnectMinutes bounds Airport.ConnectMinutes.
const MaxConnectMinutes = 24 * 60

func airportUnknown(pointer, code string) *fault.Error {
	return fault.InvalidField(pointer, "airport_unknown", "%q is not an airport we know.", code)
}

package demo

import "slices"

// chain is a supplier of the demo. All names are invented.
type chain struct {
	name      string
	low, high int      // stars
	countries []string // nil: everywhere
	kinds     []kind   // nil: all
}

// independents is the index in chains of the supplier for houses without a chain; it fits everywhere.
const independents = 0

var chains = []chain{
	{name: "Ninefold Independents", low: 2, high: 5},
	{name: "Halvorsund Hotels", low: 4, high: 5},
	{name: "Brinmoor Inns", low: 2, high: 3},
	{name: "Casa Ondara", low: 3, high: 4, countries: []string{"ES", "PT", "MX", "AR", "BR", "CL", "CO", "PE", "IT"}},
	{name: "Tesselhaus", low: 3, high: 4, countries: []string{"DE", "AT", "CH", "CZ", "PL", "HU", "NL", "BE"}},
	{name: "Kirrawell Suites", low: 3, high: 4, countries: []string{"AU", "NZ", "ZA", "GB", "IE", "US", "CA", "KE"}},
	{name: "Minamori", low: 3, high: 5, countries: []string{"JP", "KR", "TW", "HK", "SG", "CN", "MY", "VN", "TH"}},
	{name: "Zafirah Resorts", low: 4, high: 5, countries: []string{"AE", "OM", "BH", "KW", "EG", "MA", "TN", "TR", "ID", "TH", "IN", "GR"}},
	{name: "Solvanne Coast", low: 4, high: 5, kinds: []kind{beach}},
	{name: "Fjellgarde", low: 3, high: 5, countries: []string{"NO", "SE", "DK", "FI", "IS", "AT", "CH"}},
}

// fits tells whether the chain would have a house in the city.
func (c chain) fits(at city) bool {
	return (c.countries == nil || slices.Contains(c.countries, at.country)) && (c.kinds == nil || slices.Contains(c.kinds, at.kind))
}

// quarters are what a chain's house is named after, beside its city.
var quarters = map[kind][]string{
	business: {"Central", "Station", "Exchange", "Park", "Exhibition", "North Gate", "Arcade", "University", "South Court", "Tower"},
	leisure:  {"Old Town", "Museum", "Opera", "Gardens", "Market", "Fountain", "Station", "Mill", "Garden Court", "Bridge"},
	beach:    {"Beach", "Bay", "Palm Grove", "Sunset", "Lagoon", "Breeze", "Dunes", "Coral"},
	snow:     {"Alpine", "Summit", "Meadow", "Valley", "Village", "Pines"},
}

// The words that independent houses are named with: The Copper Heron.
var (
	adjectives = []string{
		"Amber", "Brass", "Copper", "Crooked", "Drowsy", "Emerald", "Gilded", "Hidden", "Indigo", "Ivory", "Little", "Marbled",
		"Midnight", "Mossy", "Painted", "Paper", "Patient", "Quiet", "Salted", "Scarlet", "Silver", "Velvet", "Wandering", "Willow",
	}
	nouns = []string{
		"Almanac", "Anchor", "Balcony", "Compass", "Cooper", "Fig", "Heron", "Kettle", "Kite", "Lamplighter", "Lantern", "Magpie",
		"Orchard", "Parasol", "Pelican", "Quill", "Rooftop", "Sparrow", "Staircase", "Teapot", "Thimble", "Walnut", "Weaver", "Windmill",
	}
)

// streets by country, with the number where it is written there; "" is everywhere else.
var streets = map[string][]string{
	"":   {"%d Lantern Street", "%d Mill Lane", "%d Orchard Road", "%d Weaver Street", "%d Fountain Square", "%d Almond Avenue", "%d Bridge Street"},
	"DE": {"Lindenstraße %d", "Mühlgasse %d", "Gartenweg %d", "Am Brunnen %d"},
	"AT": {"Lindengasse %d", "Mühlgasse %d", "Gartenweg %d", "Am Brunnen %d"},
	"CH": {"Lindenweg %d", "Mühlegasse %d", "Gartenstrasse %d"},
	"FR": {"%d rue des Tilleuls", "%d rue du Moulin", "%d place de la Fontaine", "%d quai des Tisserands"},
	"BE": {"rue des Tilleuls %d", "rue du Moulin %d", "place de la Fontaine %d"},
	"ES": {"Calle de los Tilos %d", "Calle del Molino %d", "Plaza de la Fuente %d"},
	"MX": {"Calle de los Naranjos %d", "Avenida del Molino %d", "Calle de la Fuente %d"},
	"AR": {"Calle de los Tilos %d", "Avenida del Molino %d"},
	"CL": {"Calle de los Tilos %d", "Avenida del Molino %d"},
	"CO": {"Carrera de los Naranjos %d", "Calle del Molino %d"},
	"PE": {"Calle de los Naranjos %d", "Avenida del Molino %d"},
	"PT": {"Rua das Tílias %d", "Rua do Moinho %d", "Largo da Fonte %d"},
	"BR": {"Rua das Laranjeiras Novas %d", "Rua do Moinho %d", "Avenida da Fonte %d"},
	"IT": {"Via dei Tigli %d", "Via del Mulino %d", "Piazza della Fontana %d"},
	"NL": {"Lindestraat %d", "Molenpad %d", "Weversgracht %d"},
}

package demo

import (
	"holdfast/hotel"
	"holdfast/money"
	"holdfast/offer"
)

// kind is why people come to a city; it decides on seasons and weekends.
type kind uint8

const (
	business kind = iota + 1 // full from Monday to Thursday
	leisure                  // full at weekends and in the holidays
	beach
	snow
)

// city is a place with hotels. Prices are plausible, not researched.
type city struct {
	name, country       string
	latitude, longitude float64 // of the centre
	zone                string
	currency            money.Currency
	price               int64 // of a night in a three-star double room on an ordinary day, minor units
	step                int64 // prices are multiples of it, minor units
	kind                kind
	hotels              int
	levies              []hotel.Levy
}

func included(code string, bp int32) hotel.Levy {
	return hotel.Levy{Kind: offer.Tax, Code: code, Rule: hotel.PercentOfBase, BP: bp, Included: true}
}

func added(code string, bp int32) hotel.Levy {
	return hotel.Levy{Kind: offer.Tax, Code: code, Rule: hotel.PercentOfBase, BP: bp}
}

func service(bp int32) hotel.Levy {
	return hotel.Levy{Kind: offer.Fee, Code: "service", Rule: hotel.PercentOfBase, BP: bp}
}

func perAdult(minor int64) hotel.Levy {
	return hotel.Levy{Kind: offer.Tax, Code: "city_tax", Rule: hotel.PerAdultNight, Minor: minor}
}

func perPerson(minor int64) hotel.Levy {
	return hotel.Levy{Kind: offer.Tax, Code: "city_tax", Rule: hotel.PerPersonNight, Minor: minor}
}

func perRoom(minor int64) hotel.Levy {
	return hotel.Levy{Kind: offer.Tax, Code: "city_tax", Rule: hotel.PerRoomNight, Minor: minor}
}

func resortFee(minor int64) hotel.Levy {
	return hotel.Levy{Kind: offer.Fee, Code: "resort_fee", Rule: hotel.PerRoomNight, Minor: minor}
}

func levies(l ...hotel.Levy) []hotel.Levy { return l }

// cities are the demo's cities. Taxes follow the shape that is usual in the place (share of the price, per night, per
// person; included or added); the figures are examples, not advice.
var cities = []city{
	{"Amsterdam", "NL", 52.3702, 4.8952, "Europe/Amsterdam", "EUR", 165_00, 1_00, leisure, 6, levies(included("vat", 900), added("city_tax", 1250))},
	{"Athens", "GR", 37.9755, 23.7348, "Europe/Athens", "EUR", 110_00, 1_00, leisure, 5, levies(included("vat", 1300), perRoom(5_00))},
	{"Auckland", "NZ", -36.8485, 174.7633, "Pacific/Auckland", "NZD", 210_00, 1_00, business, 4, levies(included("gst", 1500))},
	{"Bali", "ID", -8.7185, 115.1686, "Asia/Makassar", "IDR", 950_000_00, 10_000_00, beach, 7, levies(added("vat", 1100), service(1000))},
	{"Bangkok", "TH", 13.7563, 100.5018, "Asia/Bangkok", "THB", 2_400_00, 10_00, leisure, 7, levies(included("vat", 700), service(1000))},
	{"Barcelona", "ES", 41.3874, 2.1686, "Europe/Madrid", "EUR", 150_00, 1_00, leisure, 7, levies(included("vat", 1000), perAdult(4_00))},
	{"Beijing", "CN", 39.9042, 116.4074, "Asia/Shanghai", "CNY", 520_00, 1_00, business, 5, levies(included("vat", 600))},
	{"Berlin", "DE", 52.5200, 13.4050, "Europe/Berlin", "EUR", 125_00, 1_00, leisure, 7, levies(included("vat", 700), added("city_tax", 750))},
	{"Bogotá", "CO", 4.7110, -74.0721, "America/Bogota", "COP", 280_000_00, 1_000_00, business, 4, levies(included("vat", 1900))},
	{"Brussels", "BE", 50.8503, 4.3517, "Europe/Brussels", "EUR", 120_00, 1_00, business, 4, levies(included("vat", 600), perRoom(4_24))},
	{"Budapest", "HU", 47.4979, 19.0402, "Europe/Budapest", "HUF", 38_000_00, 100_00, leisure, 5, levies(included("vat", 500), added("city_tax", 400))},
	{"Buenos Aires", "AR", -34.6037, -58.3816, "America/Argentina/Buenos_Aires", "ARS", 98_000_00, 500_00, leisure, 4, levies(included("vat", 2100))},
	{"Cairo", "EG", 30.0444, 31.2357, "Africa/Cairo", "EGP", 3_900_00, 10_00, leisure, 4, levies(added("vat", 1400), service(1200))},
	{"Cancún", "MX", 21.1619, -86.8515, "America/Cancun", "MXN", 2_900_00, 10_00, beach, 6, levies(added("vat", 1600), added("lodging_tax", 500))},
	{"Cape Town", "ZA", -33.9249, 18.4241, "Africa/Johannesburg", "ZAR", 1_900_00, 10_00, leisure, 5, levies(included("vat", 1500), added("tourism_tax", 100))},
	{"Chicago", "US", 41.8781, -87.6298, "America/Chicago", "USD", 195_00, 1_00, business, 5, levies(added("lodging_tax", 1740))},
	{"Copenhagen", "DK", 55.6761, 12.5683, "Europe/Copenhagen", "DKK", 1_250_00, 5_00, leisure, 4, levies(included("vat", 2500))},
	{"Delhi", "IN", 28.6139, 77.2090, "Asia/Kolkata", "INR", 6_200_00, 50_00, business, 5, levies(added("gst", 1200))},
	{"Dubai", "AE", 25.2048, 55.2708, "Asia/Dubai", "AED", 520_00, 5_00, beach, 7, levies(included("vat", 500), added("city_fee", 700), perRoom(15_00))},
	{"Dublin", "IE", 53.3498, -6.2603, "Europe/Dublin", "EUR", 170_00, 1_00, leisure, 5, levies(included("vat", 1350))},
	{"Edinburgh", "GB", 55.9533, -3.1883, "Europe/London", "GBP", 140_00, 1_00, leisure, 5, levies(included("vat", 2000), added("city_tax", 500))},
	{"Florence", "IT", 43.7696, 11.2558, "Europe/Rome", "EUR", 150_00, 1_00, leisure, 5, levies(included("vat", 1000), perAdult(6_00))},
	{"Hanoi", "VN", 21.0278, 105.8342, "Asia/Bangkok", "VND", 1_450_000, 10_000, leisure, 4, levies(included("vat", 800), service(500))},
	{"Helsinki", "FI", 60.1699, 24.9384, "Europe/Helsinki", "EUR", 130_00, 1_00, business, 4, levies(included("vat", 1400))},
	{"Hong Kong", "HK", 22.3193, 114.1694, "Asia/Hong_Kong", "HKD", 1_150_00, 10_00, business, 6, levies(added("lodging_tax", 300), service(1000))},
	{"Innsbruck", "AT", 47.2692, 11.4041, "Europe/Vienna", "EUR", 145_00, 1_00, snow, 5, levies(included("vat", 1000), perPerson(2_00))},
	{"Istanbul", "TR", 41.0082, 28.9784, "Europe/Istanbul", "TRY", 4_200_00, 10_00, leisure, 6, levies(included("vat", 1000), added("lodging_tax", 200))},
	{"Kuala Lumpur", "MY", 3.1390, 101.6869, "Asia/Kuala_Lumpur", "MYR", 320_00, 1_00, business, 5, levies(included("service_tax", 800), perRoom(10_00))},
	{"Kuwait City", "KW", 29.3759, 47.9774, "Asia/Kuwait", "KWD", 38_000, 500, business, 3, nil},
	{"Kyoto", "JP", 35.0116, 135.7681, "Asia/Tokyo", "JPY", 17_000, 100, leisure, 6, levies(included("vat", 1000), perPerson(500))},
	{"Lima", "PE", -12.0464, -77.0428, "America/Lima", "PEN", 310_00, 5_00, leisure, 4, levies(added("vat", 1800), service(1000))},
	{"Lisbon", "PT", 38.7223, -9.1393, "Europe/Lisbon", "EUR", 130_00, 1_00, leisure, 6, levies(included("vat", 600), perAdult(4_00))},
	{"London", "GB", 51.5074, -0.1278, "Europe/London", "GBP", 175_00, 1_00, business, 8, levies(included("vat", 2000))},
	{"Madrid", "ES", 40.4168, -3.7038, "Europe/Madrid", "EUR", 125_00, 1_00, business, 6, levies(included("vat", 1000))},
	{"Manama", "BH", 26.2285, 50.5860, "Asia/Bahrain", "BHD", 36_000, 500, business, 3, levies(added("vat", 1000), added("gov_levy", 1000))},
	{"Marrakesh", "MA", 31.6295, -7.9811, "Africa/Casablanca", "MAD", 980_00, 10_00, leisure, 5, levies(included("vat", 1000), perAdult(30_00))},
	{"Melbourne", "AU", -37.8136, 144.9631, "Australia/Melbourne", "AUD", 220_00, 1_00, business, 5, levies(included("gst", 1000))},
	{"Mexico City", "MX", 19.4326, -99.1332, "America/Mexico_City", "MXN", 1_900_00, 10_00, business, 5, levies(added("vat", 1600), added("lodging_tax", 350))},
	{"Miami", "US", 25.7617, -80.1918, "America/New_York", "USD", 215_00, 1_00, beach, 6, levies(added("lodging_tax", 1300), resortFee(35_00))},
	{"Mumbai", "IN", 19.0760, 72.8777, "Asia/Kolkata", "INR", 7_400_00, 50_00, business, 5, levies(added("gst", 1200))},
	{"Munich", "DE", 48.1351, 11.5820, "Europe/Berlin", "EUR", 150_00, 1_00, business, 6, levies(included("vat", 700))},
	{"Muscat", "OM", 23.5880, 58.3829, "Asia/Muscat", "OMR", 42_000, 500, beach, 3, levies(added("vat", 500), added("tourism_tax", 400))},
	{"Nairobi", "KE", -1.2921, 36.8219, "Africa/Nairobi", "KES", 14_500_00, 100_00, business, 4, levies(included("vat", 1600), included("tourism_tax", 200))},
	{"New York", "US", 40.7128, -74.0060, "America/New_York", "USD", 265_00, 1_00, leisure, 8, levies(added("lodging_tax", 1475), perRoom(3_50))},
	{"Oslo", "NO", 59.9139, 10.7522, "Europe/Oslo", "NOK", 1_650_00, 10_00, business, 4, levies(included("vat", 1200))},
	{"Paris", "FR", 48.8566, 2.3522, "Europe/Paris", "EUR", 180_00, 1_00, leisure, 9, levies(included("vat", 1000), perAdult(5_53))},
	{"Phuket", "TH", 7.8804, 98.3923, "Asia/Bangkok", "THB", 2_900_00, 10_00, beach, 6, levies(included("vat", 700), service(1000))},
	{"Prague", "CZ", 50.0755, 14.4378, "Europe/Prague", "CZK", 2_900_00, 10_00, leisure, 5, levies(included("vat", 1200), perAdult(50_00))},
	{"Reykjavík", "IS", 64.1466, -21.9426, "Atlantic/Reykjavik", "ISK", 29_000, 100, leisure, 4, levies(included("vat", 1100), perRoom(800))},
	{"Rio de Janeiro", "BR", -22.9068, -43.1729, "America/Sao_Paulo", "BRL", 620_00, 5_00, beach, 5, levies(added("iss", 500), service(1000))},
	{"Rome", "IT", 41.9028, 12.4964, "Europe/Rome", "EUR", 155_00, 1_00, leisure, 7, levies(included("vat", 1000), perAdult(6_00))},
	{"San Francisco", "US", 37.7749, -122.4194, "America/Los_Angeles", "USD", 225_00, 1_00, business, 5, levies(added("lodging_tax", 1400))},
	{"Santiago", "CL", -33.4489, -70.6693, "America/Santiago", "CLP", 92_000, 500, business, 4, levies(included("vat", 1900))},
	{"Seoul", "KR", 37.5665, 126.9780, "Asia/Seoul", "KRW", 148_000, 1_000, business, 6, levies(included("vat", 1000))},
	{"Singapore", "SG", 1.3521, 103.8198, "Asia/Singapore", "SGD", 230_00, 1_00, business, 6, levies(added("gst", 900), service(1000))},
	{"Stockholm", "SE", 59.3293, 18.0686, "Europe/Stockholm", "SEK", 1_650_00, 10_00, business, 4, levies(included("vat", 1200))},
	{"Sydney", "AU", -33.8688, 151.2093, "Australia/Sydney", "AUD", 260_00, 1_00, leisure, 6, levies(included("gst", 1000))},
	{"Taipei", "TW", 25.0330, 121.5654, "Asia/Taipei", "TWD", 3_600_00, 10_00, business, 4, levies(included("vat", 500), service(1000))},
	{"Tokyo", "JP", 35.6762, 139.6503, "Asia/Tokyo", "JPY", 18_500, 100, business, 8, levies(included("vat", 1000), perPerson(200))},
	{"Toronto", "CA", 43.6532, -79.3832, "America/Toronto", "CAD", 240_00, 1_00, business, 5, levies(added("hst", 1300), added("lodging_tax", 850))},
	{"Tunis", "TN", 36.8065, 10.1815, "Africa/Tunis", "TND", 210_000, 5_000, leisure, 3, levies(included("vat", 700), perPerson(12_000))},
	{"Vienna", "AT", 48.2082, 16.3738, "Europe/Vienna", "EUR", 140_00, 1_00, leisure, 6, levies(included("vat", 1000), added("city_tax", 320))},
	{"Warsaw", "PL", 52.2297, 21.0122, "Europe/Warsaw", "PLN", 420_00, 5_00, business, 4, levies(included("vat", 800))},
	{"Zermatt", "CH", 46.0207, 7.7491, "Europe/Zurich", "CHF", 230_00, 5_00, snow, 4, levies(included("vat", 380), perPerson(4_00))},
	{"Zurich", "CH", 47.3769, 8.5417, "Europe/Zurich", "CHF", 220_00, 5_00, business, 4, levies(included("vat", 380), perPerson(3_50))},
}

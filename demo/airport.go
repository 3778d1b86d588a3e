package demo

import "holdfast/flight"

// airport is one that the demo's airlines fly to. What it says is true; coordinates are those of OurAirports (public domain).
type airport struct {
	iata, icao, name, city, country, zone, metro string
	latitude, longitude                          float64
	connect                                      int32 // minutes to change planes; 0: as elsewhere
}

func (a *airport) flight() flight.Airport {
	return flight.Airport{
		IATA: a.iata, ICAO: a.icao, Name: a.name, City: a.city, Country: a.country, Zone: a.zone, Metro: a.metro,
		Latitude: a.latitude, Longitude: a.longitude, ConnectMinutes: a.connect,
	}
}

// airports are those of the cities with hotels, but for Kyoto and Zermatt, where trains go; and a few more.
var airports = []airport{
	{"AKL", "NZAA", "Auckland International Airport", "Auckland", "NZ", "Pacific/Auckland", "", -37.0120, 174.7863, 0},
	{"AMS", "EHAM", "Amsterdam Airport Schiphol", "Amsterdam", "NL", "Europe/Amsterdam", "", 52.3086, 4.7639, 0},
	{"ARN", "ESSA", "Stockholm-Arlanda Airport", "Stockholm", "SE", "Europe/Stockholm", "STO", 59.6485, 17.9288, 0},
	{"ATH", "LGAV", "Athens Eleftherios Venizelos International Airport", "Athens", "GR", "Europe/Athens", "", 37.9364, 23.9445, 0},
	{"BAH", "OBBI", "Bahrain International Airport", "Manama", "BH", "Asia/Bahrain", "", 26.2673, 50.6376, 0},
	{"BCN", "LEBL", "Josep Tarradellas Barcelona-El Prat Airport", "Barcelona", "ES", "Europe/Madrid", "", 41.2971, 2.0785, 0},
	{"BER", "EDDB", "Berlin Brandenburg Airport", "Berlin", "DE", "Europe/Berlin", "", 52.3617, 13.5023, 0},
	{"BKK", "VTBS", "Suvarnabhumi Airport", "Bangkok", "TH", "Asia/Bangkok", "", 13.6811, 100.7470, 0},
	{"BOG", "SKBO", "El Dorado International Airport", "Bogotá", "CO", "America/Bogota", "", 4.7016, -74.1469, 0},
	{"BOM", "VABB", "Chhatrapati Shivaji Maharaj International Airport", "Mumbai", "IN", "Asia/Kolkata", "", 19.0887, 72.8679, 0},
	{"BRU", "EBBR", "Brussels Airport", "Brussels", "BE", "Europe/Brussels", "", 50.9014, 4.4844, 0},
	{"BUD", "LHBP", "Budapest Liszt Ferenc International Airport", "Budapest", "HU", "Europe/Budapest", "", 47.4302, 19.2624, 0},
	{"CAI", "HECA", "Cairo International Airport", "Cairo", "EG", "Africa/Cairo", "", 30.1115, 31.3967, 0},
	{"CDG", "LFPG", "Charles de Gaulle International Airport", "Paris", "FR", "Europe/Paris", "PAR", 49.0090, 2.5541, 75},
	{"CPH", "EKCH", "Copenhagen Kastrup Airport", "Copenhagen", "DK", "Europe/Copenhagen", "", 55.6179, 12.6560, 0},
	{"CPT", "FACT", "Cape Town International Airport", "Cape Town", "ZA", "Africa/Johannesburg", "", -33.9740, 18.6043, 0},
	{"CUN", "MMUN", "Cancún International Airport", "Cancún", "MX", "America/Cancun", "", 21.0408, -86.8735, 0},
	{"DEL", "VIDP", "Indira Gandhi International Airport", "Delhi", "IN", "Asia/Kolkata", "", 28.5556, 77.0952, 0},
	{"DPS", "WADD", "Denpasar I Gusti Ngurah Rai International Airport", "Bali", "ID", "Asia/Makassar", "", -8.7484, 115.1671, 0},
	{"DUB", "EIDW", "Dublin Airport", "Dublin", "IE", "Europe/Dublin", "", 53.4287, -6.2621, 0},
	{"DXB", "OMDB", "Dubai International Airport", "Dubai", "AE", "Asia/Dubai", "", 25.2498, 55.3710, 0},
	{"EDI", "EGPH", "Edinburgh Airport", "Edinburgh", "GB", "Europe/London", "", 55.9501, -3.3723, 0},
	{"EZE", "SAEZ", "Ezeiza International Airport - Ministro Pistarini", "Buenos Aires", "AR", "America/Argentina/Buenos_Aires", "BUE", -34.8222, -58.5358, 0},
	{"FCO", "LIRF", "Rome–Fiumicino Leonardo da Vinci International Airport", "Rome", "IT", "Europe/Rome", "ROM", 41.8045, 12.2520, 0},
	{"FLR", "LIRQ", "Florence Airport, Peretola", "Florence", "IT", "Europe/Rome", "", 43.8086, 11.2028, 0},
	{"GIG", "SBGL", "Rio Galeão – Tom Jobim International Airport", "Rio de Janeiro", "BR", "America/Sao_Paulo", "RIO", -22.8100, -43.2506, 0},
	{"HAN", "VVNB", "Noi Bai International Airport", "Hanoi", "VN", "Asia/Bangkok", "", 21.2212, 105.8070, 0},
	{"HEL", "EFHK", "Helsinki Vantaa Airport", "Helsinki", "FI", "Europe/Helsinki", "", 60.3184, 24.9633, 0},
	{"HER", "LGIR", "Heraklion International Nikos Kazantzakis Airport", "Heraklion", "GR", "Europe/Athens", "", 35.3397, 25.1803, 0},
	{"HKG", "VHHH", "Hong Kong International Airport", "Hong Kong", "HK", "Asia/Hong_Kong", "", 22.3118, 113.9149, 0},
	{"HKT", "VTSP", "Phuket International Airport", "Phuket", "TH", "Asia/Bangkok", "", 8.1133, 98.3174, 0},
	{"HND", "RJTT", "Tokyo Haneda International Airport", "Tokyo", "JP", "Asia/Tokyo", "TYO", 35.5497, 139.7870, 0},
	{"HNL", "PHNL", "Daniel K. Inouye International Airport", "Honolulu", "US", "Pacific/Honolulu", "", 21.3184, -157.9257, 0},
	{"ICN", "RKSI", "Incheon International Airport", "Seoul", "KR", "Asia/Seoul", "SEL", 37.4691, 126.4510, 0},
	{"INN", "LOWI", "Innsbruck Airport", "Innsbruck", "AT", "Europe/Vienna", "", 47.2602, 11.3440, 0},
	{"IST", "LTFM", "İstanbul Airport", "Istanbul", "TR", "Europe/Istanbul", "", 41.2749, 28.7321, 0},
	{"JFK", "KJFK", "John F. Kennedy International Airport", "New York", "US", "America/New_York", "NYC", 40.6394, -73.7793, 0},
	{"JTR", "LGSR", "Santorini International Airport", "Santorini", "GR", "Europe/Athens", "", 36.4000, 25.4786, 0},
	{"KEF", "BIKF", "Keflavik International Airport", "Reykjavík", "IS", "Atlantic/Reykjavik", "REK", 63.9850, -22.6056, 0},
	{"KIX", "RJBB", "Kansai International Airport", "Osaka", "JP", "Asia/Tokyo", "OSA", 34.4273, 135.2440, 0},
	{"KUL", "WMKK", "Kuala Lumpur International Airport", "Kuala Lumpur", "MY", "Asia/Kuala_Lumpur", "", 2.7456, 101.7100, 0},
	{"KWI", "OKKK", "Kuwait International Airport", "Kuwait City", "KW", "Asia/Kuwait", "", 29.2245, 47.9698, 0},
	{"LHR", "EGLL", "London Heathrow Airport", "London", "GB", "Europe/London", "LON", 51.4707, -0.4599, 75},
	{"LIM", "SPJC", "Jorge Chávez International Airport", "Lima", "PE", "America/Lima", "", -12.0219, -77.1143, 0},
	{"LIS", "LPPT", "Lisbon Humberto Delgado Airport", "Lisbon", "PT", "Europe/Lisbon", "", 38.7813, -9.1359, 0},
	{"MAD", "LEMD", "Adolfo Suárez Madrid–Barajas Airport", "Madrid", "ES", "Europe/Madrid", "", 40.4934, -3.5722, 0},
	{"MCT", "OOMS", "Muscat International Airport", "Muscat", "OM", "Asia/Muscat", "", 23.6002, 58.2853, 0},
	{"MEL", "YMML", "Melbourne Airport", "Melbourne", "AU", "Australia/Melbourne", "", -37.6707, 144.8379, 0},
	{"MEX", "MMMX", "Mexico City Benito Juárez International Airport", "Mexico City", "MX", "America/Mexico_City", "", 19.4358, -99.0703, 0},
	{"MIA", "KMIA", "Miami International Airport", "Miami", "US", "America/New_York", "", 25.7960, -80.2898, 0},
	{"MUC", "EDDM", "Munich Airport", "Munich", "DE", "Europe/Berlin", "", 48.3538, 11.7861, 0},
	{"NBO", "HKJK", "Jomo Kenyatta International Airport", "Nairobi", "KE", "Africa/Nairobi", "", -1.3189, 36.9282, 0},
	{"ORD", "KORD", "Chicago O'Hare International Airport", "Chicago", "US", "America/Chicago", "CHI", 41.9786, -87.9048, 0},
	{"OSL", "ENGM", "Oslo-Gardermoen International Airport", "Oslo", "NO", "Europe/Oslo", "", 60.1939, 11.1004, 0},
	{"PEK", "ZBAA", "Beijing Capital International Airport", "Beijing", "CN", "Asia/Shanghai", "BJS", 40.0773, 116.5967, 0},
	{"PRG", "LKPR", "Václav Havel Airport Prague", "Prague", "CZ", "Europe/Prague", "", 50.1009, 14.2599, 0},
	{"RAK", "GMMX", "Marrakesh Menara Airport", "Marrakesh", "MA", "Africa/Casablanca", "", 31.6048, -8.0358, 0},
	{"RHO", "LGRP", "Rhodes International Airport Diagoras", "Rhodes", "GR", "Europe/Athens", "", 36.4054, 28.0862, 0},
	{"SCL", "SCEL", "Comodoro Arturo Merino Benítez International Airport", "Santiago", "CL", "America/Santiago", "", -33.3930, -70.7858, 0},
	{"SFO", "KSFO", "San Francisco International Airport", "San Francisco", "US", "America/Los_Angeles", "", 37.6198, -122.3748, 0},
	{"SIN", "WSSS", "Singapore Changi Airport", "Singapore", "SG", "Asia/Singapore", "", 1.3502, 103.9940, 45},
	{"SYD", "YSSY", "Sydney Kingsford Smith International Airport", "Sydney", "AU", "Australia/Sydney", "", -33.9461, 151.1770, 0},
	{"TPE", "RCTP", "Taiwan Taoyuan International Airport", "Taipei", "TW", "Asia/Taipei", "", 25.0777, 121.2330, 0},
	{"TUN", "DTTA", "Tunis Carthage International Airport", "Tunis", "TN", "Africa/Tunis", "", 36.8510, 10.2272, 0},
	{"VIE", "LOWW", "Vienna International Airport", "Vienna", "AT", "Europe/Vienna", "", 48.1103, 16.5697, 30},
	{"WAW", "EPWA", "Warsaw Chopin Airport", "Warsaw", "PL", "Europe/Warsaw", "", 52.1657, 20.9671, 0},
	{"YYZ", "CYYZ", "Toronto Pearson International Airport", "Toronto", "CA", "America/Toronto", "YTO", 43.6759, -79.6294, 0},
	{"ZRH", "LSZH", "Zürich Airport", "Zurich", "CH", "Europe/Zurich", "", 47.4581, 8.5481, 0},
}

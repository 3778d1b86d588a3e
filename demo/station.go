package demo

import "holdfast/feed"

// station is one of the demo's railway; coordinates are about those of the place's main station.
type station struct {
	code, name, country, zone string
	latitude, longitude       float64
	transfer                  int32 // seconds to change trains; 0: as at stations of its size
}

func (s *station) feed() feed.Station {
	return feed.Station{
		Code: s.code, Name: s.name, Country: s.country, Zone: s.zone, Latitude: s.latitude, Longitude: s.longitude, Located: true, TransferSeconds: s.transfer,
	}
}

var stations = []station{
	{"aachen", "Aachen", "DE", "Europe/Berlin", 50.768, 6.091, 0},
	{"amsterdam", "Amsterdam", "NL", "Europe/Amsterdam", 52.379, 4.900, 0},
	{"antwerp", "Antwerp", "BE", "Europe/Brussels", 51.217, 4.421, 0},
	{"badajoz", "Badajoz", "ES", "Europe/Madrid", 38.891, -6.982, 0},
	{"barcelona", "Barcelona", "ES", "Europe/Madrid", 41.379, 2.140, 0},
	{"basel", "Basel", "CH", "Europe/Zurich", 47.547, 7.590, 0},
	{"berlin", "Berlin", "DE", "Europe/Berlin", 52.525, 13.369, 0},
	{"bern", "Bern", "CH", "Europe/Zurich", 46.949, 7.439, 0},
	{"bologna", "Bologna", "IT", "Europe/Rome", 44.506, 11.343, 0},
	{"bolzano", "Bolzano", "IT", "Europe/Rome", 46.497, 11.358, 0},
	{"bratislava", "Bratislava", "SK", "Europe/Bratislava", 48.159, 17.106, 0},
	{"brig", "Brig", "CH", "Europe/Zurich", 46.319, 7.988, 0},
	{"brno", "Brno", "CZ", "Europe/Prague", 49.191, 16.613, 0},
	{"brussels", "Brussels", "BE", "Europe/Brussels", 50.836, 4.336, 480},
	{"budapest", "Budapest", "HU", "Europe/Budapest", 47.500, 19.084, 0},
	{"cologne", "Cologne", "DE", "Europe/Berlin", 50.943, 6.959, 360},
	{"copenhagen", "Copenhagen", "DK", "Europe/Copenhagen", 55.673, 12.565, 0},
	{"dresden", "Dresden", "DE", "Europe/Berlin", 51.040, 13.732, 0},
	{"edinburgh", "Edinburgh", "GB", "Europe/London", 55.952, -3.190, 0},
	{"florence", "Florence", "IT", "Europe/Rome", 43.777, 11.248, 0},
	{"frankfurt", "Frankfurt", "DE", "Europe/Berlin", 50.107, 8.663, 360},
	{"girona", "Girona", "ES", "Europe/Madrid", 41.979, 2.817, 0},
	{"gothenburg", "Gothenburg", "SE", "Europe/Stockholm", 57.709, 11.973, 0},
	{"hamburg", "Hamburg", "DE", "Europe/Berlin", 53.553, 10.007, 0},
	{"innsbruck", "Innsbruck", "AT", "Europe/Vienna", 47.263, 11.401, 0},
	{"kansai", "Kansai Airport", "JP", "Asia/Tokyo", 34.436, 135.244, 0},
	{"karlsruhe", "Karlsruhe", "DE", "Europe/Berlin", 48.994, 8.401, 0},
	{"kyoto", "Kyoto", "JP", "Asia/Tokyo", 34.985, 135.759, 0},
	{"leipzig", "Leipzig", "DE", "Europe/Berlin", 51.345, 12.381, 0},
	{"liege", "Liège", "BE", "Europe/Brussels", 50.624, 5.567, 0},
	{"lille", "Lille", "FR", "Europe/Paris", 50.639, 3.076, 0},
	{"linz", "Linz", "AT", "Europe/Vienna", 48.290, 14.292, 0},
	{"lisbon", "Lisbon", "PT", "Europe/Lisbon", 38.768, -9.099, 0},
	{"london", "London", "GB", "Europe/London", 51.531, -0.126, 600},
	{"lyon", "Lyon", "FR", "Europe/Paris", 45.761, 4.860, 0},
	{"madrid", "Madrid", "ES", "Europe/Madrid", 40.407, -3.691, 0},
	{"malmo", "Malmö", "SE", "Europe/Stockholm", 55.609, 13.000, 0},
	{"mannheim", "Mannheim", "DE", "Europe/Berlin", 49.479, 8.470, 0},
	{"milan", "Milan", "IT", "Europe/Rome", 45.487, 9.205, 0},
	{"montpellier", "Montpellier", "FR", "Europe/Paris", 43.605, 3.881, 0},
	{"munich", "Munich", "DE", "Europe/Berlin", 48.140, 11.558, 480},
	{"nagoya", "Nagoya", "JP", "Asia/Tokyo", 35.171, 136.882, 0},
	{"newcastle", "Newcastle", "GB", "Europe/London", 54.968, -1.617, 0},
	{"norrkoping", "Norrköping", "SE", "Europe/Stockholm", 58.597, 16.184, 0},
	{"nuremberg", "Nuremberg", "DE", "Europe/Berlin", 49.446, 11.083, 0},
	{"odense", "Odense", "DK", "Europe/Copenhagen", 55.402, 10.386, 0},
	{"osaka", "Osaka", "JP", "Asia/Tokyo", 34.733, 135.500, 0},
	{"oslo", "Oslo", "NO", "Europe/Oslo", 59.911, 10.753, 0},
	{"paris-est", "Paris Est", "FR", "Europe/Paris", 48.877, 2.359, 480},
	{"paris-lyon", "Paris Lyon", "FR", "Europe/Paris", 48.844, 2.374, 480},
	{"paris-nord", "Paris Nord", "FR", "Europe/Paris", 48.881, 2.355, 480},
	{"perpignan", "Perpignan", "FR", "Europe/Paris", 42.696, 2.879, 0},
	{"poznan", "Poznań", "PL", "Europe/Warsaw", 52.402, 16.912, 0},
	{"prague", "Prague", "CZ", "Europe/Prague", 50.083, 14.436, 0},
	{"rome", "Rome", "IT", "Europe/Rome", 41.901, 12.502, 0},
	{"rotterdam", "Rotterdam", "NL", "Europe/Amsterdam", 51.924, 4.469, 0},
	{"salzburg", "Salzburg", "AT", "Europe/Vienna", 47.813, 13.046, 0},
	{"stockholm", "Stockholm", "SE", "Europe/Stockholm", 59.330, 18.058, 0},
	{"strasbourg", "Strasbourg", "FR", "Europe/Paris", 48.585, 7.734, 0},
	{"stuttgart", "Stuttgart", "DE", "Europe/Berlin", 48.784, 9.182, 0},
	{"tasch", "Täsch", "CH", "Europe/Zurich", 46.068, 7.777, 0},
	{"thun", "Thun", "CH", "Europe/Zurich", 46.755, 7.630, 0},
	{"tokyo", "Tokyo", "JP", "Asia/Tokyo", 35.681, 139.767, 0},
	{"utrecht", "Utrecht", "NL", "Europe/Amsterdam", 52.089, 5.110, 0},
	{"venice", "Venice", "IT", "Europe/Rome", 45.441, 12.321, 0},
	{"verona", "Verona", "IT", "Europe/Rome", 45.429, 10.982, 0},
	{"vienna", "Vienna", "AT", "Europe/Vienna", 48.185, 16.376, 480},
	{"visp", "Visp", "CH", "Europe/Zurich", 46.294, 7.882, 240},
	{"warsaw", "Warsaw", "PL", "Europe/Warsaw", 52.229, 21.003, 0},
	{"yokohama", "Yokohama", "JP", "Asia/Tokyo", 35.508, 139.617, 0},
	{"york", "York", "GB", "Europe/London", 53.958, -1.093, 0},
	{"zaragoza", "Zaragoza", "ES", "Europe/Madrid", 41.659, -0.911, 0},
	{"zermatt", "Zermatt", "CH", "Europe/Zurich", 46.024, 7.748, 0},
	{"zurich", "Zurich", "CH", "Europe/Zurich", 47.378, 8.540, 420},
}

// walks are the ways on foot or by metro between stations of a city, both ways, in seconds.
var walks = []struct {
	from, to string
	seconds  int32
}{
	{"paris-est", "paris-nord", 600},
	{"paris-nord", "paris-lyon", 1_800},
	{"paris-est", "paris-lyon", 1_800},
}

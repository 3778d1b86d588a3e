package demo

// line is a railway line of the demo: its trains call at the same stations.
type line struct {
	category string // begins the numbers of its trains
	first    int    // number of the first train out; those back have the even ones after it
	name     string
	kmh      float64 // on the great circle from call to call
	zone     string  // in which the times of its trains are counted
	calls    []string
	out      []string // times of departure, of the trains out
	back     []string
	days     string // 1 is Monday; "" is every day
}

// The categories of trains.
const (
	fast  = "HR"
	night = "HN"
	local = "HL"
)

// network is the lines of Heron Rail. It runs most of its trains across Europe, and some in Japan.
var network = []line{
	{
		fast, 101, "Channel", 165, "Europe/Brussels",
		[]string{"london", "lille", "brussels", "antwerp", "rotterdam", "amsterdam"},
		[]string{"07:10", "09:40", "12:10", "15:10", "18:10"},
		[]string{"06:15", "08:45", "11:45", "14:45", "17:45"},
		daily,
	},
	{
		fast, 121, "Meuse", 150, "Europe/Brussels",
		[]string{"paris-nord", "brussels", "liege", "aachen", "cologne"},
		[]string{"06:55", "09:55", "13:55", "17:55"},
		[]string{"06:40", "10:40", "14:40", "18:40"},
		daily,
	},
	{
		fast, 141, "Orient", 130, "Europe/Paris",
		[]string{"paris-est", "strasbourg", "karlsruhe", "stuttgart", "munich", "salzburg", "linz", "vienna", "bratislava", "budapest"},
		[]string{"06:20", "09:20", "12:20"},
		[]string{"05:40", "08:40", "11:40"},
		daily,
	},
	{
		fast, 161, "Rhine", 125, "Europe/Berlin",
		[]string{"amsterdam", "utrecht", "cologne", "frankfurt", "mannheim", "karlsruhe", "basel", "zurich"},
		[]string{"07:35", "10:35", "13:35", "16:35"},
		[]string{"06:05", "09:05", "12:05", "15:05"},
		daily,
	},
	{
		fast, 181, "Vltava", 95, "Europe/Prague",
		[]string{"berlin", "dresden", "prague", "brno", "vienna"},
		[]string{"06:30", "09:30", "12:30", "15:30"},
		[]string{"06:10", "09:10", "12:10", "15:10"},
		daily,
	},
	{
		fast, 201, "Brenner", 120, "Europe/Berlin",
		[]string{"berlin", "leipzig", "nuremberg", "munich", "innsbruck", "bolzano", "verona", "bologna", "florence", "rome"},
		[]string{"06:05", "09:05", "11:05"},
		[]string{"06:15", "08:45", "10:45"},
		daily,
	},
	{
		fast, 221, "Gotthard", 105, "Europe/Zurich",
		[]string{"zurich", "milan", "verona", "venice"},
		[]string{"08:10", "14:10"},
		[]string{"08:40", "14:40"},
		daily,
	},
	{
		fast, 231, "Oder", 115, "Europe/Berlin",
		[]string{"hamburg", "berlin", "poznan", "warsaw"},
		[]string{"06:45", "10:45", "14:45"},
		[]string{"06:20", "10:20", "14:20"},
		daily,
	},
	{
		fast, 241, "Belt", 105, "Europe/Copenhagen",
		[]string{"copenhagen", "odense", "hamburg"},
		[]string{"07:30", "11:30", "15:30"},
		[]string{"07:25", "11:25", "15:25"},
		daily,
	},
	{
		fast, 251, "Sound", 140, "Europe/Stockholm",
		[]string{"stockholm", "norrkoping", "malmo", "copenhagen"},
		[]string{"06:10", "10:10", "16:10"},
		[]string{"06:40", "11:40", "15:40"},
		daily,
	},
	{
		fast, 261, "Skagerrak", 100, "Europe/Oslo",
		[]string{"oslo", "gothenburg", "malmo", "copenhagen"},
		[]string{"07:00", "13:00"},
		[]string{"07:50", "13:50"},
		daily,
	},
	{
		fast, 271, "Mediterranean", 150, "Europe/Paris",
		[]string{"paris-lyon", "lyon", "montpellier", "perpignan", "girona", "barcelona", "zaragoza", "madrid"},
		[]string{"07:05", "13:05"},
		[]string{"06:30", "12:30"},
		daily,
	},
	{
		fast, 281, "North Sea", 135, "Europe/London",
		[]string{"london", "york", "newcastle", "edinburgh"},
		[]string{"07:00", "10:00", "14:00", "18:00"},
		[]string{"06:30", "09:30", "13:30", "17:30"},
		daily,
	},
	{
		fast, 901, "Tokaido", 190, "Asia/Tokyo",
		[]string{"tokyo", "yokohama", "nagoya", "kyoto", "osaka", "kansai"},
		[]string{"06:30", "08:30", "11:30", "14:30", "17:30", "19:30"},
		[]string{"06:50", "09:50", "11:50", "14:50", "17:50", "19:20"},
		daily,
	},
	// To Zermatt trains turn in Brig, so they call twice in Visp.
	{
		local, 301, "Matterhorn", 65, "Europe/Zurich",
		[]string{"zurich", "bern", "thun", "visp", "brig", "visp", "tasch", "zermatt"},
		[]string{"07:02", "10:02", "13:02", "16:02"},
		[]string{"08:10", "11:10", "14:10", "17:10"},
		daily,
	},
	{
		local, 311, "Matterhorn at weekends", 65, "Europe/Zurich",
		[]string{"basel", "bern", "thun", "visp", "brig", "visp", "tasch", "zermatt"},
		[]string{"07:28"},
		[]string{"18:10"},
		"567",
	},
	// Over night: their times pass 24:00.
	{
		night, nightVienna, "Lorelei", 85, "Europe/Berlin",
		[]string{"amsterdam", "utrecht", "cologne", "frankfurt", "nuremberg", "linz", "vienna"},
		[]string{"19:30"},
		[]string{"20:10"},
		daily,
	},
	{
		night, 421, "Baltic", 85, "Europe/Berlin",
		[]string{"stockholm", "malmo", "hamburg", "berlin"},
		[]string{"20:20"},
		[]string{"19:05"},
		daily,
	},
	{
		night, 431, "Tagus", 60, "Europe/Madrid",
		[]string{"madrid", "badajoz", "lisbon"},
		[]string{"22:15"},
		[]string{"22:40"},
		daily,
	},
	{
		night, 441, "Tiber", 85, "Europe/Rome",
		[]string{"vienna", "salzburg", "innsbruck", "bologna", "florence", "rome"},
		[]string{"19:40"},
		[]string{"19:10"},
		"12357",
	},
}

// nightVienna is the train to Vienna that a coach from Brussels joins in Cologne; the train back is the next number.
const nightVienna = 401

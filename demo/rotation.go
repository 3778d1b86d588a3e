package demo

// rotation is an aircraft's way out from a hub and back. Times are local, where the flight begins.
type rotation struct {
	number    int      // of the flight out; the flight back has the next one
	way       []string // airports from the hub on
	equipment string
	out, back string // times of departure; back is the first such time at which the aircraft can leave
	days      string // of the flight out: 1 is Monday; "" is every day
}

// daily is every day of the week.
const daily = ""

// finch are the rotations of Yellowfinch Airways: waves of flights that meet in Vienna in the morning and in the
// evening, and in Singapore.
var finch = []rotation{
	// Europe from Vienna, out and back in the middle of the day.
	{101, []string{"VIE", "AMS"}, "320", "10:05", "12:50", daily},
	{103, []string{"VIE", "CDG"}, "320", "10:15", "13:05", daily},
	{105, []string{"VIE", "LHR"}, "320", "10:25", "12:40", daily},
	{107, []string{"VIE", "ZRH"}, "320", "10:35", "12:45", "12345"},
	{109, []string{"VIE", "BER"}, "320", "10:00", "12:05", daily},
	{111, []string{"VIE", "MUC"}, "320", "10:45", "12:40", "12345"},
	{113, []string{"VIE", "CPH"}, "320", "10:30", "13:00", daily},
	{115, []string{"VIE", "OSL"}, "320", "10:10", "13:20", daily},
	{117, []string{"VIE", "WAW"}, "320", "10:20", "12:30", "12345"},
	{119, []string{"VIE", "INN"}, "320", "10:50", "12:45", daily},
	{121, []string{"VIE", "BCN"}, "320", "10:40", "13:50", daily},
	{123, []string{"VIE", "LIS"}, "320", "10:20", "13:40", daily},
	{125, []string{"VIE", "DUB"}, "320", "10:55", "13:30", daily},
	{127, []string{"VIE", "EDI"}, "320", "11:00", "13:30", "1357"},
	{129, []string{"VIE", "FCO"}, "320", "10:30", "12:55", daily},
	{131, []string{"VIE", "FLR"}, "320", "11:05", "13:20", "12345"},
	{133, []string{"VIE", "ATH"}, "320", "10:15", "14:20", daily},
	{135, []string{"VIE", "TUN"}, "320", "11:10", "14:30", "1357"},
	{137, []string{"VIE", "RAK"}, "320", "11:15", "16:00", "247"},
	{139, []string{"VIE", "KEF"}, "320", "10:05", "14:10", "1246"},
	// Out in the evening, back in the morning.
	{201, []string{"VIE", "AMS"}, "320", "19:15", "06:50", daily},
	{203, []string{"VIE", "CDG"}, "320", "19:20", "06:45", daily},
	{205, []string{"VIE", "LHR"}, "320", "19:25", "06:10", daily},
	{207, []string{"VIE", "ZRH"}, "320", "19:30", "07:00", daily},
	{209, []string{"VIE", "BER"}, "320", "19:40", "07:10", daily},
	{211, []string{"VIE", "BRU"}, "320", "19:10", "06:50", daily},
	{213, []string{"VIE", "ARN"}, "320", "18:50", "06:30", daily},
	{215, []string{"VIE", "HEL"}, "320", "18:45", "06:50", daily},
	{217, []string{"VIE", "PRG"}, "320", "20:05", "07:20", daily},
	{219, []string{"VIE", "BUD"}, "320", "20:10", "07:20", daily},
	{221, []string{"VIE", "MAD"}, "320", "18:55", "06:20", daily},
	{223, []string{"VIE", "LIS"}, "320", "18:40", "05:30", daily},
	{225, []string{"VIE", "FCO"}, "320", "19:50", "06:55", daily},
	{227, []string{"VIE", "ATH"}, "320", "19:00", "06:30", daily},
	{229, []string{"VIE", "IST"}, "320", "19:05", "06:40", daily},
	{231, []string{"VIE", "CAI"}, "320", "20:15", "02:40", daily},
	// The Americas.
	{301, []string{"VIE", "JFK"}, "789", "10:45", "17:30", daily},
	{303, []string{"VIE", "ORD"}, "789", "11:10", "16:40", "12467"},
	{305, []string{"VIE", "MIA"}, "789", "11:30", "19:10", "1357"},
	{307, []string{"VIE", "YYZ"}, "789", "12:05", "17:50", "2467"},
	{309, []string{"VIE", "SFO"}, "789", "11:55", "17:40", "12357"},
	{311, []string{"VIE", "CUN"}, "789", "12:20", "20:40", "36"},
	{313, []string{"VIE", "MEX"}, "789", "22:30", "08:30", "146"},
	{315, []string{"VIE", "BOG", "LIM"}, "789", "22:45", "13:10", "257"},
	{317, []string{"VIE", "GIG"}, "789", "22:10", "19:30", "247"},
	{319, []string{"VIE", "EZE", "SCL"}, "789", "21:30", "16:30", "136"},
	// Africa and the Gulf.
	{401, []string{"VIE", "DXB"}, "789", "12:45", "02:40", daily},
	{403, []string{"VIE", "KWI", "BAH"}, "320", "13:10", "00:20", "246"},
	{405, []string{"VIE", "MCT"}, "789", "13:00", "01:30", "257"},
	{407, []string{"VIE", "NBO"}, "789", "22:20", "10:30", "247"},
	{409, []string{"VIE", "CPT"}, "789", "21:45", "18:20", "1346"},
	// Asia.
	{501, []string{"VIE", "DEL"}, "789", "12:30", "03:00", "12456"},
	{503, []string{"VIE", "BOM"}, "789", "12:40", "03:40", "1357"},
	{505, []string{"VIE", "BKK"}, "789", "13:40", "10:20", daily},
	{507, []string{"VIE", "HKG"}, "789", "13:20", "10:10", "1357"},
	{509, []string{"VIE", "PEK"}, "789", "13:55", "09:30", "246"},
	{511, []string{"VIE", "ICN"}, "789", "19:40", "10:55", "1347"},
	{513, []string{"VIE", "HND"}, "789", "12:55", "11:20", daily},
	{515, []string{"VIE", "TPE"}, "789", "11:20", "09:05", "257"},
	{517, []string{"VIE", "SIN"}, "789", "11:40", "23:30", daily},
	// From Singapore.
	{701, []string{"SIN", "KUL"}, "320", "09:10", "11:10", daily},
	{703, []string{"SIN", "DPS"}, "320", "09:20", "13:00", daily},
	{705, []string{"SIN", "HKT"}, "320", "09:00", "11:00", "12467"},
	{707, []string{"SIN", "HAN"}, "320", "08:50", "12:15", "13567"},
	{709, []string{"SIN", "KIX"}, "789", "09:30", "09:30", "1357"},
	{711, []string{"SIN", "SYD"}, "789", "09:10", "10:00", daily},
	{713, []string{"SIN", "MEL"}, "789", "09:40", "09:20", "2467"},
	{715, []string{"SIN", "AKL"}, "789", "09:00", "08:00", "135"},
	// Over the date line.
	{791, []string{"AKL", "HNL", "SFO"}, "789", "21:45", "21:40", "26"},
}

// xenia are the rotations of Xenia Island Air, which meet those of Yellowfinch in Athens.
var xenia = []rotation{
	{11, []string{"ATH", "JTR"}, "AT7", "08:30", "10:10", daily},
	{13, []string{"ATH", "JTR"}, "AT7", "15:10", "16:50", daily},
	{21, []string{"ATH", "HER"}, "AT7", "09:30", "11:20", daily},
	{31, []string{"ATH", "RHO"}, "AT7", "15:30", "17:30", daily},
}

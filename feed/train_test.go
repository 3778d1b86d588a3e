package feed

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/civil"
)

// sharedText reads a file of the real data, or the only one in a zip.
func sharedText(t testing.TB, name string) string {
	t.Helper()
	var text []byte
	var err error
	if strings.HasSuffix(name, ".zip") {
		files := unzip(t, name)
		names, globErr := fs.Glob(files, "*")
		if globErr != nil || len(names) != 1 {
			t.Fatal(names, globErr)
		}
		text, err = fs.ReadFile(files, names[0])
	} else {
		text, err = os.ReadFile(sharedPath(t, name))
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func readTRA(text, stations string) gtfsRead {
	var r gtfsRead
	r.err = ReadTRA(background, strings.NewReader(text), TRAOptions{Date: civil.MustParse("2019-06-21"), Stations: strings.NewReader(stations)}, r.sink())
	return r
}

func TestTRA(t *testing.T) {
	names := sharedText(t, "rail_taiwan_tra/stationInfo.json")
	for day, want := range map[string]struct{ trains, calls, past24 int }{
		"20190621": {899, 20_125, 25}, "20200410": {884, 20_240, 23},
	} {
		got := readTRA(sharedText(t, "rail_taiwan_tra/tra_schedule_"+day+".json.zip"), names)
		calls, past24, twice := 0, 0, 0
		categories := map[string]int{}
		for _, train := range got.trains {
			calls += len(train.Calls)
			categories[train.Category]++
			if train.Calls[len(train.Calls)-1].Arrive >= 86_400 {
				past24++
			}
			at := map[string]bool{}
			for i, c := range train.Calls {
				at[c.Station] = true
				if i > 0 && c.Arrive < train.Calls[i-1].Depart {
					t.Errorf("%s goes back at call %d", train.Number, i)
				}
			}
			if len(at) < len(train.Calls) {
				twice++
			}
		}
		if got.err != nil || got.refused != nil || got.warned != nil || len(got.stations) != 239 || len(got.trains) != want.trains || calls != want.calls || past24 != want.past24 || twice != 2 {
			t.Errorf("%s: %d trains, %d calls, %d past midnight, %d twice at a station, %d stations, refused %q, %v", day, len(got.trains), calls, past24, twice, len(got.stations), got.refused, got.err)
		}
		if categories["Local"] < 600 || categories["Tze-Chiang"] < 70 || len(categories) != 8 {
			t.Errorf("%s: %v", day, categories)
		}
	}
}

const (
	littleNames = `{"stations": [{"時刻表編號": 1, "站名": "甲", "eng站名": "One"}, {"時刻表編號": "2", "站名": "乙"}]}`
	littleTrain = `{"Train": "7", "CarClass": "1107", "TimeInfos": {"2": {"Station": 2, "Order": "3", "ArrTime": "00:10", "DepTime": "00:12"},
		"1": {"Station": 1, "Order": "1", "ArrTime": "23:40", "DepTime": "23:50"}, "_2": {"Station": "2", "Order": "2", "ArrTime": "23:59", "DepTime": "00:02"}}}`
)

func TestTRALittle(t *testing.T) {
	got := readTRA("\xef\xbb\xbf{\n\"x\": [1, {}],\n\"TrainInfos\": [\n"+littleTrain+"\n]}", littleNames)
	want := []Train{{
		Line: 4, Key: "7", Number: "Puyuma 7", Category: "Puyuma", Carrier: "Taiwan Railways", Zone: "Asia/Taipei", Dates: []civil.Date{civil.MustParse("2019-06-21")},
		Calls: []Call{
			{Line: 4, Station: "1", Arrive: 85_800, Depart: 85_800}, {Line: 4, Station: "2", Arrive: 86_340, Depart: 86_520}, {Line: 4, Station: "2", Arrive: 87_000, Depart: 87_000},
		},
	}}
	if diff := cmp.Diff(want, got.trains); diff != "" || got.err != nil {
		t.Errorf("%v (-want +got):\n%s", got.err, diff)
	}
	if diff := cmp.Diff([]Station{{Line: 1, Code: "1", Name: "One 甲", Zone: "Asia/Taipei", Country: "TW"}, {Line: 1, Code: "2", Name: "乙", Zone: "Asia/Taipei", Country: "TW"}}, got.stations); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, c := range map[string]struct{ text, stations, want string }{
		"goes back":     {strings.Replace(littleTrain, `"ArrTime": "00:10"`, `"ArrTime": "00:01"`, 1), "", "goes_back"},
		"bad time":      {strings.Replace(littleTrain, `"ArrTime": "00:10"`, `"ArrTime": "24:10"`, 1), "", "bad_time"},
		"unknown":       {strings.Replace(littleTrain, `"Station": 1,`, `"Station": 3,`, 1), "", "unknown_stop"},
		"order":         {strings.Replace(littleTrain, `"Order": "3"`, `"Order": "2"`, 1), "", "duplicate"},
		"no order":      {strings.Replace(littleTrain, `"Order": "3"`, `"Order": ""`, 1), "", "bad_sequence"},
		"no number":     {strings.Replace(littleTrain, `"Train": "7"`, `"Train": ""`, 1), "", "missing_value"},
		"type":          {strings.Replace(littleTrain, `"Train": "7"`, `"Train": [7]`, 1), "", "wrong_type"},
		"twice":         {littleTrain + "," + littleTrain, "", "duplicate"},
		"one call":      {`{"Train": "7", "CarClass": "1107", "TimeInfos": [{"Station": 1, "Order": 1}]}`, "", "one_call"},
		"syntax":        {littleTrain + ",{", "", "FATAL bad_json"},
		"same key":      {`{"Train": "7", "Train": "8"}`, "", "FATAL duplicate"},
		"no object":     {`]`, "", "FATAL bad_json"},
		"names":         {littleTrain, `{"stations": []}`, "FATAL wrong_shape"},
		"name twice":    {littleTrain, `{"stations": [{"時刻表編號": 1, "站名": "甲"}, {"時刻表編號": 1, "站名": "甲"}, {"時刻表編號": 2, "站名": "甲"}]}`, "duplicate"},
		"no timetable":  {littleTrain, `[]`, "FATAL wrong_shape"},
		"another shape": {`"x"`, littleNames + "x", "FATAL bad_json"},
	} {
		if c.stations == "" {
			c.stations = littleNames
		}
		got := readTRA(`{"TrainInfos": [`+c.text+`]}`, c.stations)
		said := strings.Join(counts(got.refused), " ")
		if got.err != nil {
			said = "FATAL" + got.code()[strings.LastIndex(got.code(), " "):] + " 1"
		}
		if said != c.want+" 1" {
			t.Errorf("%s: %q (%v), want %q", name, said, got.err, c.want)
		}
	}
	if err := ReadTRA(background, strings.NewReader("{}"), TRAOptions{}, TrainSink{}); err == nil {
		t.Error("without stations it reads")
	}
	if got := readTRA("{}", littleNames); got.code() != " wrong_shape" {
		t.Errorf("nothing: %v", got.err)
	}
}

func TestStationsIRail(t *testing.T) {
	var got gtfsRead
	got.err = ReadStations(t.Context(), strings.NewReader(sharedText(t, "rail_stations/irail_stations.csv")), IRailStations, got.sink())
	times := map[int32]int{}
	for _, s := range got.stations {
		times[s.TransferSeconds]++
	}
	if got.err != nil || len(got.stations) != 729 || got.refused != nil || got.warned != nil {
		t.Errorf("%d stations, refused %q, warned %q, %v", len(got.stations), got.refused, got.warned, got.err)
	}
	if diff := cmp.Diff(map[int32]int{0: 111, 60: 1, 120: 10, 180: 3, 240: 15, 300: 588, 3540: 1}, times); diff != "" {
		t.Errorf("times to change (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Station{Line: 2, Code: "008400319", Name: "'s Hertogenbosch", Country: "NL", Latitude: 51.69042, Longitude: 5.294278, Located: true}, got.stations[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStationsTrainline(t *testing.T) {
	var got gtfsRead
	got.err = ReadStations(t.Context(), strings.NewReader(sharedText(t, "rail_stations/trainline_stations_2016.csv")), TrainlineStations, got.sink())
	parents, located, byCode := 0, 0, map[string]Station{}
	for _, s := range got.stations {
		byCode[s.Code] = s
		if s.Located {
			located++
		}
	}
	for _, s := range got.stations {
		if s.Parent != "" {
			parents++
			if p, there := byCode[s.Parent]; !there || p.Parent != "" {
				t.Errorf("%q has the parent %q", s.Name, s.Parent)
			}
		}
	}
	// 26,541 rows less 1,488 cities, 355 merged ones and 355 without a name.
	if got.err != nil || len(got.stations) != 24_343 || parents != 92 || located != 23_133 {
		t.Errorf("%d stations, %d with a parent, %d located, %v", len(got.stations), parents, located, got.err)
	}
	if diff := cmp.Diff([]string{"missing_value 355"}, counts(got.refused)); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"bad_zone 15", "cities_left_out 1", "merged_left_out 1", "no_coordinates 21"}, counts(got.warned)); diff != "" {
		t.Errorf("warned (-want +got):\n%s", diff)
	}
	if s := byCode["2"]; s.Name != "Château-Arnoux—St-Auban" || s.Zone != "Europe/Paris" || s.Country != "FR" || s.Parent != "" {
		t.Errorf("%+v", s)
	}
	if s := byCode["6552"]; s.Name != "Antequera Santa Ana" || s.Parent != "" { // 15 km from Antequera, which the file has as its parent
		t.Errorf("a station far away is a platform: %+v", s)
	}
}

func TestStations(t *testing.T) {
	format := StationFormat{Columns: map[string]string{
		"code": "id", "name": "n", "parent": "p", "zone": "z", "latitude": "y", "longitude": "x", "city": "c", "same_as": "s", "transfer_seconds": "t", "country": "l",
	}}
	const head = "id,n,p,z,y,x,c,s,t,l\n"
	for name, c := range map[string]struct {
		rows    string
		want    []string // code<parent
		refused []string
		warned  []string
	}{
		"near":      {"1,A,,,50,8,f,,,de\n2,B,1,,50.001,8,,,,\n3,C,1,,50.1,8,,,,\n4,D,2,,50.001,8,,,,\n5,E,5,,50,8,,,,\n6,F,9,,50,8,,,,\n7,G,1,,,,,,,\n", []string{"1<", "2<1", "3<", "4<", "5<", "6<", "7<"}, nil, []string{":8 no_coordinates"}},
		"left out":  {"1,A,,,50,8,t,,,\n2,B,,,50,8,f,3,,\n3,C,1,,50,8,f,,,\n", []string{"3<"}, nil, []string{":0 cities_left_out", ":0 merged_left_out"}},
		"refused":   {",A,,,50,8,,,,\n2,,,,50,8,,,,\n3,C,,,50,8,maybe,,,\n4,D,,,50,8,,,,\n4,D,,,50,8,,,,\n5,E\n", []string{"4<"}, []string{":2 missing_value", ":3 missing_value", ":4 bad_boolean", ":6 duplicate", ":7 wrong_field_count"}, nil},
		"corrected": {"1,A,,Mars/Base,95,8,,,soon,deu\n", []string{"1<"}, nil, []string{":2 bad_country", ":2 bad_zone", ":2 bad_coordinates", ":2 bad_transfer_time"}},
	} {
		var got gtfsRead
		got.err = ReadStations(t.Context(), strings.NewReader(head+c.rows), format, got.sink())
		var list []string
		for _, s := range got.stations {
			list = append(list, s.Code+"<"+s.Parent)
		}
		if diff := cmp.Diff([]any{c.want, c.refused, c.warned}, []any{list, got.refused, got.warned}); diff != "" || got.err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, got.err, diff)
		}
	}
	for name, c := range map[string]struct {
		file   string
		format StationFormat
		want   string
	}{
		"no field":       {head, StationFormat{Columns: map[string]string{"colour": "id"}}, "unknown_field"},
		"no name":        {head, StationFormat{Columns: map[string]string{"code": "id"}}, "missing_field"},
		"no column":      {head, StationFormat{Columns: map[string]string{"code": "id", "name": "title"}}, "missing_column"},
		"another format": {head, TrainlineStations, "missing_column"},
		"nothing":        {"", IRailStations, "empty_file"},
	} {
		err := ReadStations(t.Context(), strings.NewReader(c.file), c.format, TrainSink{})
		var bad *Error
		if !errors.As(err, &bad) || bad.Code != c.want || !bad.Fatal {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// coachRead is what a feed of coaches gave.
type coachRead struct {
	types        []CoachType
	compositions []Composition
	refused      []string // "line code"
	warned       []string
}

func (r *coachRead) sink() CoachSink {
	return CoachSink{
		Type:        func(t CoachType) error { r.types = append(r.types, t); return nil },
		Composition: func(c Composition) error { r.compositions = append(r.compositions, c); return nil },
		Remark: func(e *Error) {
			if text := fmt.Sprintf("%d %s", e.Line, e.Code); e.Warning {
				r.warned = append(r.warned, text)
			} else {
				r.refused = append(r.refused, text)
			}
		},
	}
}

func TestCoachesDB(t *testing.T) {
	var kinds coachRead
	if err := ReadCoachTypes(t.Context(), strings.NewReader(sharedText(t, "rail_compositions/db_coach_types_seats.json")), kinds.sink()); err != nil {
		t.Fatal(err)
	}
	first, second, byCode := 0, 0, map[string]CoachType{}
	for _, k := range kinds.types {
		first, second = first+k.First, second+k.Second
		if byCode[k.Code] = k; k.Compartments > k.First+k.Second {
			t.Errorf("%+v", k)
		}
	}
	// 7,502 seats less those of two restaurants.
	if len(byCode) != 151 || first != 1_750 || second != 5_740 || kinds.refused != nil {
		t.Errorf("%d kinds with %d and %d seats, refused %q", len(byCode), first, second, kinds.refused)
	}
	if diff := cmp.Diff([]string{"no_class 2", "no_seats 14"}, counts(kinds.warned)); diff != "" {
		t.Errorf("warned (-want +got):\n%s", diff)
	}
	for code, want := range map[string][3]int{
		"58010": {56, 0, 18}, "58010.r": {55, 0, 18}, "Bpmz": {0, 80, 0}, "41106": {15, 16, 0}, "54111.1": {6, 6, 0}, "88120": {21, 0, 0}, "54151": {0, 22, 6},
		"58031": {35, 0, 6}, "DApza": {32, 0, 0}, "DBpbzfa": {0, 48, 8}, "54063": {}, "54112.1": {}, "41106_u": {},
	} {
		if k := byCode[code]; [3]int{k.First, k.Second, k.Compartments} != want {
			t.Errorf("%+v, want %v", k, want)
		}
	}

	plan := sharedText(t, "rail_compositions/db_fernverkehr_zugbildungsplan_2021w.json.zip")
	var got coachRead
	if err := ReadCompositions(t.Context(), strings.NewReader(plan), nil, got.sink()); err != nil {
		t.Fatal(err)
	}
	coaches, classes := 0, map[string]bool{}
	for _, c := range got.compositions {
		for _, coach := range c.Coaches {
			coaches++
			classes[coach.Type] = true
		}
	}
	// 8,746 vehicles less 437 engines, of which 35 have a number.
	if len(got.compositions) != 945 || coaches != 8_309 || len(classes) != 62 || got.refused != nil || !slices.Equal(got.warned, []string{"0 no_coaches"}) || got.types != nil {
		t.Errorf("%d trains, %d coaches of %d classes, refused %q, warned %q", len(got.compositions), coaches, len(classes), got.refused, got.warned)
	}
	ice := got.compositions[slices.IndexFunc(got.compositions, func(c Composition) bool { return c.Train == "ICE 10" })]
	if ice.Category != "ICE" || ice.From != civil.MustParse("2020-12-13") || ice.To != civil.MustParse("2021-06-13") || len(ice.Coaches) != 16 || ice.Coaches[0].Number != "21" || ice.Coaches[0].Type != "Bpmzf" {
		t.Errorf("%+v", ice)
	}

	var resolved coachRead
	if err := ReadCompositions(t.Context(), strings.NewReader(plan), kinds.types, resolved.sink()); err != nil {
		t.Fatal(err)
	}
	known, guessed := 0, counts(resolved.warned)
	for _, k := range resolved.types {
		byCode[k.Code] = k
		if k.First+k.Second > 0 {
			t.Errorf("%+v has no seats by its letters", k)
		}
	}
	for _, c := range resolved.compositions {
		for _, coach := range c.Coaches {
			if _, there := byCode[coach.Type]; there {
				known++
			}
		}
	}
	if len(resolved.compositions) != 945 || known*100 < coaches*90 {
		t.Errorf("%d trains, of %d coaches %d are of a known kind; %q", len(resolved.compositions), coaches, known, guessed)
	}
	t.Logf("of %d coaches %d are of a known kind; %q", coaches, known, guessed)
	ice = resolved.compositions[slices.IndexFunc(resolved.compositions, func(c Composition) bool { return c.Train == "ICE 10" })]
	var codes []string
	for _, coach := range ice.Coaches[:8] {
		codes = append(codes, coach.Type)
	}
	if got := strings.Join(codes, " "); got != "54065 54066 54066 54068.r 54063 54062 54061 54060" { // all of the series 406
		t.Errorf("ICE 10 has %s", got)
	}
}

func TestCompositions(t *testing.T) {
	plan := func(trains string) string { return `{"train": {` + trains + `}, "valid": "2026-12-13/2027-06-12"}` }
	for name, c := range map[string]struct{ text, want string }{
		"good":        {plan(`"1": {"rawType": "ICE-W", "wagons": [{"number": 1, "type": "Bpmz"}, {"type": "401.0"}]}`), ""},
		"twice":       {plan(`"1": {"rawType": "ICE", "wagons": [{"number": 1, "type": "Bpmz"}, {"number": "1", "type": "Bpmz"}]}`), "1 duplicate"},
		"no number":   {plan(`"1": {"rawType": "ICE", "wagons": [{"type": "Bpmz"}]}`), "1 missing_value"},
		"engines":     {plan(`"1": {"rawType": "ICE", "wagons": [{"number": 3, "type": "401.0"}]}`), "1 no_coaches"},
		"wrong type":  {plan(`"1": {"rawType": 5, "wagons": []}`), "1 wrong_type"},
		"too long":    {plan(`"1": {"rawType": "ICE", "wagons": [` + strings.Repeat(`{"number": 1, "type": "B"},`, maxCoaches) + `{"number": 1, "type": "B"}]}`), "1 too_many_coaches"},
		"huge":        {plan(`"1": {"rawType": "` + strings.Repeat("x", maxJSONValue) + `"}`), "1 value_too_long"},
		"no period":   {`{"train": {}, "valid": "2027"}`, "FATAL bad_period"},
		"a number":    {`{"valid": 2027}`, "FATAL bad_period"},
		"no plan":     {`{}`, "FATAL wrong_shape"},
		"cut":         {`{"train": {"1": {`, "FATAL bad_json"},
		"train twice": {plan(`"1": {}, "1": {}`), "FATAL duplicate"},
	} {
		var got coachRead
		err := ReadCompositions(t.Context(), strings.NewReader(c.text), nil, got.sink())
		said := strings.Join(got.refused, ", ")
		var bad *Error
		if errors.As(err, &bad) && bad.Fatal {
			said = "FATAL " + bad.Code
		}
		if said != c.want || (c.want == "") != (len(got.compositions) == 1) {
			t.Errorf("%s: %q (%v), %d trains; want %q", name, said, err, len(got.compositions), c.want)
		}
	}
}

func TestCoachList(t *testing.T) {
	const head = "train,category,position,coach,type,first_seats,second_seats,from,to,valid_from,valid_to,colour\n"
	for name, c := range map[string]struct {
		rows    string
		want    []string
		types   []string
		refused []string
	}{
		"good": {
			"ICE 5,ICE,2,22,Bpmz,0,80,,,,,red\nICE 5,ICE,1,21,ABpmz,20,30,,Köln,,,\n,IC,,1,Bpmz,,,,,,,\n,IC,,2,Bpmz,,80,,,,,\nICE 5,ICE,,21,Bpmz,,,,,2026-12-13,2027-01-01,\n",
			[]string{"ICE 5/ICE 21:ABpmz>Köln 22:Bpmz", "/IC 1:Bpmz 2:Bpmz", "ICE 5/ICE 2026-12-13 21:Bpmz"},
			[]string{"Bpmz 0+80", "ABpmz 20+30"},
			nil,
		},
		"refused with the train": {
			"A,,1,1,B,,,,,,,\nA,,1,2,B,,,,,,,\nB,,,1,B,,,,,,,\nC,,,1,B,,,,,,,\nC,,,1,B,,,,,,,\nD,,,1,B,x,,,,,,\nE,,0,1,B,,,,,,,\nF,,,,B,,,,,,,\n,,,1,B,,,,,,,\nG,,1,1,B,,,,,,,\nG,,,2,B,,,,,,,\n",
			[]string{"B/ 1:B"},
			nil,
			[]string{"3 duplicate", "6 duplicate", "7 bad_seats", "8 bad_position", "9 missing_value", "10 missing_value", "12 bad_position"},
		},
		"seats differ":   {"A,,,1,B,,80,,,,,\nB,,,1,B,,81,,,,,\n", []string{"A/ 1:B"}, []string{"B 0+80"}, []string{"3 type_differs"}},
		"dates":          {"A,,,1,B,,,,,2026-12-13,2027-01-01,\nA,,,2,B,,,,,2026-13-13,2027-01-01,\nB,,,1,B,,,,,2027-01-01,2026-12-13,\n", nil, nil, []string{"3 bad_date", "4 bad_period"}},
		"torn":           {"A,,,1,B,,,,,,,\nB,,,1,B\"B,,,,,,,\nC,,,1,B,,,,,,,\nD,,,1,B,,,,,,,\n", []string{"D/ 1:B"}, nil, []string{"3 bad_quotes"}},
		"too many seats": {"A,,,1,B,600,600,,,,,\n", nil, nil, []string{"2 bad_seats"}},
	} {
		var got coachRead
		err := ReadCoachList(t.Context(), strings.NewReader(head+c.rows), got.sink())
		var trains, types []string
		for _, c := range got.compositions {
			text := c.Train + "/" + c.Category
			if c.From != 0 {
				text += " " + c.From.String()
			}
			for _, coach := range c.Coaches {
				text += " " + coach.Number + ":" + coach.Type
				if coach.From+coach.To != "" {
					text += coach.From + ">" + coach.To
				}
			}
			trains = append(trains, text)
		}
		for _, k := range got.types {
			types = append(types, fmt.Sprintf("%s %d+%d", k.Code, k.First, k.Second))
		}
		if diff := cmp.Diff([]any{c.want, c.types, c.refused, []string{"1 unknown_column"}}, []any{trains, types, got.refused, got.warned}); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	var bad *Error
	if err := ReadCoachList(t.Context(), strings.NewReader("train,coach\n"), CoachSink{}); !errors.As(err, &bad) || bad.Code != "missing_column" {
		t.Errorf("without a type: %v", err)
	}
}

func TestDigitraffic(t *testing.T) {
	read := func(text string) (coachRead, error) {
		var got coachRead
		err := ReadDigitraffic(background, strings.NewReader(text), got.sink())
		return got, err
	}
	files, err := os.ReadDir(sharedPath(t, "rail_compositions/finland"))
	if err != nil || len(files) != 7 {
		t.Fatal(len(files), err)
	}
	for _, f := range files {
		if got, err := read(sharedText(t, "rail_compositions/finland/"+f.Name())); err != nil || len(got.compositions) != 1 {
			t.Errorf("%s: %v", f.Name(), err)
		}
	}
	got, err := read(sharedText(t, "rail_compositions/finland/train-IC-266-ROI-HKI-composition-changes.json"))
	if err != nil {
		t.Fatal(err)
	}
	c := got.compositions[0]
	parts := map[string]int{}
	for _, coach := range c.Coaches {
		parts[coach.From+"-"+coach.To]++
	}
	// 14, 15, 10 and 9 coaches over four sections.
	if diff := cmp.Diff(map[string]int{"-": 9, "-TPE": 5, "OL-PSLT": 1}, parts); diff != "" || c.Train != "IC 266" || c.From != civil.MustParse("2023-02-25") || c.To != c.From+1 {
		t.Errorf("%+v (-want +got):\n%s", c, diff)
	}
	stop := func(code string) string { return `{"station": {"shortCode": "` + code + `"}}` }
	section := func(from, to, wagons string) string {
		return `{"startTimeTableRow": ` + stop(from) + `, "endTimeTableRow": ` + stop(to) + `, "wagons": [` + wagons + `]}`
	}
	train := func(sections string) string {
		return `{"trainNumber": 1, "departureDate": "2026-11-22", "trainType": {"name": "IC"}, "compositions": [{"journeySections": [` + sections + `]}]}`
	}
	const one, two = `{"salesNumber": 1, "wagonType": "Ed"}`, `{"salesNumber": 2, "wagonType": "Ed"}`
	got, err = read(train(section("A", "B", one+","+two) + "," + section("B", "C", one) + "," + section("C", "D", one+","+two)))
	want := []Coach{{Line: 1, Number: "1", Type: "Ed"}, {Line: 1, Number: "2", Type: "Ed", To: "B"}, {Line: 1, Number: "2", Type: "Ed", From: "C"}}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.compositions[0].Coaches); diff != "" {
		t.Errorf("joins again (-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		train(section("A", "B", one) + "," + section("C", "D", one)): "wrong_shape", train(section("A", "B", one+","+one)): "duplicate",
		train(section("A", "B", "")): "no_coaches", train(""): "wrong_shape", strings.Replace(train(section("A", "B", one)), "11-22", "11-31", 1): "bad_date",
		"[]": "wrong_type", "{": "bad_json", train(section("A", "B", one)) + "x": "bad_json", "": "bad_json",
	} {
		_, err := read(text)
		var bad *Error
		if !errors.As(err, &bad) || bad.Code != want || !bad.Fatal {
			t.Errorf("%.60s: %v, want %s", text, err, want)
		}
	}
}

// fuzzed fails for an error that is not a fatal one with a code.
func fuzzed(t *testing.T, err error) {
	var bad *Error
	if err != nil && (!errors.As(err, &bad) || !bad.Fatal || bad.Code == "" || bad.Message == "") {
		t.Fatal(err)
	}
}

// FuzzTRA: whatever the files hold, trains that are told go forward in time, between stations that were told.
func FuzzTRA(f *testing.F) {
	f.Add(`{"TrainInfos": [`+littleTrain+`]}`, littleNames)
	f.Add(`{"TrainInfos": [{"Train": 7, "CarClass": null, "trainType": "x", "TimeInfos": [{"Station": 1, "Order": 1, "ArrTime": "1:00"}]}]}`, littleNames)
	f.Fuzz(func(t *testing.T, text, names string) {
		got := readTRA(text, names)
		fuzzed(t, got.err)
		stations := map[string]bool{}
		for _, s := range got.stations {
			stations[s.Code] = true
		}
		for _, train := range got.trains {
			last := int32(0)
			for _, c := range train.Calls {
				if c.Arrive < last || c.Depart < c.Arrive || !stations[c.Station] {
					t.Fatalf("%+v", train)
				}
				last = c.Depart
			}
		}
	})
}

// FuzzStations: whatever a file holds, codes are told once and parents are told.
func FuzzStations(f *testing.F) {
	f.Add("id;name;latitude;longitude;parent_station_id;is_city;country;time_zone;same_as\n1;A;50;8;;f;DE;Europe/Berlin;\n2;B;50;8;1;f;DE;X;\n")
	f.Fuzz(func(t *testing.T, text string) {
		var got gtfsRead
		got.err = ReadStations(background, strings.NewReader(text), TrainlineStations, got.sink())
		fuzzed(t, got.err)
		seen := map[string]bool{}
		for _, s := range got.stations {
			if seen[s.Code] {
				t.Fatalf("%q twice", s.Code)
			}
			seen[s.Code] = true
		}
		for _, s := range got.stations {
			if s.Parent != "" && (!seen[s.Parent] || s.Parent == s.Code) {
				t.Fatalf("%+v", s)
			}
		}
	})
}

// FuzzCoaches: whatever a file holds, as any of the formats, trains that are told have coaches with numbers and kinds.
func FuzzCoaches(f *testing.F) {
	f.Add("train,category,position,coach,type,first_seats,second_seats,from,to\nA,,1,1,B,,80,,\n\xffA,,2,2,B,,80,,\n")
	f.Add(`{"train": {"1": {"rawType": "ICE-W", "type": "ICE 3", "wagons": [{"number": 1, "type": "Bpmz"}, {"type": "401.0"}]}}, "valid": "2026-12-13/2027-06-12"}`)
	f.Add(`{"58010": {"name": "ICE 1 (Avmz 801.0)", "seats": 56, "seats_comp": "18"}, "58010.r": {"seats": "55"}, "B": {}}`)
	f.Add(`{"trainNumber": 1, "departureDate": "2026-11-22", "trainType": {"name": "IC"}, "compositions": [{"journeySections": [{"startTimeTableRow": {"station": {"shortCode": "A"}}, "endTimeTableRow": {"station": {"shortCode": "B"}}, "wagons": [{"salesNumber": 1, "wagonType": "Ed"}]}]}]}`)
	kinds := []CoachType{{Code: "58010", Name: "ICE 1 BR 401 (Avmz 801.0)", First: 56}, {Code: "Bpmz", Second: 80}}
	f.Fuzz(func(t *testing.T, text string) {
		for _, read := range []func(io.Reader, CoachSink) error{
			func(r io.Reader, s CoachSink) error { return ReadCoachList(background, r, s) },
			func(r io.Reader, s CoachSink) error { return ReadCompositions(background, r, kinds, s) },
			func(r io.Reader, s CoachSink) error { return ReadCoachTypes(background, r, s) },
			func(r io.Reader, s CoachSink) error { return ReadDigitraffic(background, r, s) },
		} {
			var got coachRead
			fuzzed(t, read(strings.NewReader(text), got.sink()))
			for _, k := range got.types {
				if k.Code == "" || k.First < 0 || k.Second < 0 || k.First+k.Second > maxCoachSeats || k.Compartments > k.First+k.Second && k.First+k.Second > 0 {
					t.Fatalf("%+v", k)
				}
			}
			for _, c := range got.compositions {
				if len(c.Coaches) == 0 || len(c.Coaches) > maxCoaches || c.Train == "" && c.Category == "" {
					t.Fatalf("%+v", c)
				}
			}
		}
	})
}

package feed

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/civil"
)

// shared is the folder of real data beside the repository; without it the tests on real files are skipped by name.
func shared(t testing.TB, name string) *os.File {
	t.Helper()
	f, err := os.Open("../../shared/data/" + name)
	if err != nil {
		t.Skipf("no real data here: %v", err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// codes collects remarks by code; "!" marks refusals.
type codes map[string]int

func (c codes) remark(e *Error) {
	if e.Warning {
		c[e.Code]++
	} else {
		c[e.Code+"!"]++
	}
}

func TestSSIMSample(t *testing.T) {
	got, legs := codes{}, map[string]Leg{}
	day, offsets, flights := 0, 0, map[string]bool{}
	err := ReadSSIM(t.Context(), shared(t, "ssim/sample.ssim"), FlightSink{
		Leg: func(l Leg) error {
			key := fmt.Sprintf("%s%s%s/%d/%d", l.Carrier, l.Number, l.Suffix, l.Variation, l.Sequence)
			if l.Line > 530 { // the second part, of the next season, uses one of them again
				key += " of the second part"
			}
			if _, twice := legs[key]; twice {
				t.Errorf("line %d: %s was there before", l.Line, key)
			}
			legs[key] = l
			flights[l.Number+l.Suffix] = true
			if l.Arrives >= ssimDay {
				day++
			}
			if l.Offsets {
				offsets++
			}
			return nil
		},
		Remark: got.remark,
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(legs) != 514 || offsets != 514 || day != 74 { // 73 by the clock, and SEA-RUN, 09:00 to 15:40
		t.Errorf("%d legs, %d with offsets, %d that land a day later; want 514, 514, 74", len(legs), offsets, day)
	}
	// README: 000516 is used twice. Legs that do not touch are in the file as well (RUN-DZA, then CDG-RUN).
	if diff := cmp.Diff(codes{"serial_order": 1, "legs_apart": 22}, got); diff != "" {
		t.Errorf("remarks (-want +got):\n%s", diff)
	}
	want := Leg{
		Line: 12, Carrier: "XX", Number: "42", Variation: 1, Sequence: 1, From: "DZA", To: "RUN", First: civil.MustParse("2005-06-09"),
		Last: civil.MustParse("2005-06-09"), Weekdays: 1 << 3, Departs: 23*60 + 30, Arrives: ssimDay + 2*60 + 30, DepartOffset: 180, ArriveOffset: 240,
		Offsets: true, Equipment: "733", Configuration: "W18Y112VVCGO", ServiceType: "F",
	}
	if diff := cmp.Diff(want, legs["XX42/1/1"]); diff != "" {
		t.Errorf("XX 42 (-want +got):\n%s", diff)
	}
	for _, suffix := range []string{"A", "B", "Z"} {
		n := 0
		for _, l := range legs {
			if l.Suffix == suffix {
				n++
			}
		}
		if n == 0 {
			t.Errorf("no leg has the operational suffix %s", suffix)
		}
	}
}

// ssimFile makes a file of records given as columns: each text goes to the column before it, from 1.
func ssimFile(records ...map[int]string) string {
	var b strings.Builder
	for i, fields := range records {
		line := []byte(strings.Repeat(" ", SSIMRecord))
		copy(line[194:], fmt.Sprintf("%06d", i+1))
		for _, at := range slices.Sorted(maps.Keys(fields)) {
			copy(line[at-1:], fields[at])
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String()
}

var (
	ssimHead    = map[int]string{1: "1AIRLINE STANDARD SCHEDULE DATA SET"}
	ssimPart    = map[int]string{1: "2LYY", 15: "01JUN2631OCT26"}
	ssimPartUTC = map[int]string{1: "2UYY", 15: "01JUN2631OCT26"}
	ssimEnd     = map[int]string{1: "5 YY"}
)

// ssimLegWith is a valid leg, changed.
func ssimLegWith(change map[int]string) map[int]string {
	leg := map[int]string{
		1: "3 YY ", 6: "  12", 10: "01", 12: "01", 14: "J", 15: "01JUN26", 22: "30JUN26", 29: "1234567", 37: "LHR", 40: "10001000", 48: "+0100",
		55: "JFK", 58: "13001300", 66: "-0400", 73: "77W", 149: " ", 173: "J30Y260",
	}
	for k, v := range change {
		leg[k] = v
	}
	return leg
}

func ssimRead(t testing.TB, file string) (legs []Leg, told []string, err error) {
	t.Helper()
	err = ReadSSIM(t.Context(), strings.NewReader(file), FlightSink{
		Leg:    func(l Leg) error { legs = append(legs, l); return nil },
		Remark: func(e *Error) { told = append(told, fmt.Sprintf("%d %s %t", e.Line, e.Code, e.Warning)) },
	})
	return legs, told, err
}

func TestSSIMTimes(t *testing.T) {
	for name, c := range map[string]struct {
		head            map[int]string
		change          map[int]string
		departs, arrive int32
		first           string
		days            Weekdays
	}{
		"west over the ocean":    {nil, nil, 600, 780, "2026-06-01", Every},
		"lands the next day":     {nil, map[int]string{40: "2200", 55: "DXB", 62: "0800", 66: "+0400"}, 1320, 1920, "2026-06-01", Every},
		"says so itself":         {nil, map[int]string{40: "2200", 55: "DXB", 62: "0800", 66: "+0400", 193: "01"}, 1320, 1920, "2026-06-01", Every},
		"over the date line":     {nil, map[int]string{37: "AKL", 40: "0030", 48: "+1200", 55: "HNL", 62: "0930", 66: "-1000"}, 30, 570 - 1440, "2026-06-01", Every},
		"leaves the day before":  {nil, map[int]string{40: "2330", 62: "0230", 193: "A0"}, 1410 - 1440, 150, "2026-06-01", Every},
		"midnight is 24:00":      {nil, map[int]string{40: "2100", 55: "CDG", 62: "2400", 66: "+0200"}, 1260, 1440, "2026-06-01", Every},
		"UTC, on the same date":  {ssimPartUTC, map[int]string{40: "0900", 62: "1700", 29: "1      "}, 600, 780, "2026-06-01", 1},
		"UTC, on the next date":  {ssimPartUTC, map[int]string{37: "AKL", 40: "2000", 48: "+1200", 55: "SYD", 62: "2330", 66: "+1000", 29: "      7"}, 480, 570, "2026-06-02", 1},
		"UTC, on the one before": {ssimPartUTC, map[int]string{37: "LAX", 40: "0300", 48: "-0700", 55: "JFK", 62: "0800", 66: "-0400", 29: "1      "}, 1200, 1680, "2026-05-31", 1 << 6},
	} {
		head := c.head
		if head == nil {
			head = ssimPart
		}
		legs, told, err := ssimRead(t, ssimFile(ssimHead, head, ssimLegWith(c.change), ssimEnd))
		if err != nil || len(legs) != 1 || len(told) > 0 {
			t.Errorf("%s: %d legs, %v, %v", name, len(legs), told, err)
			continue
		}
		l := legs[0]
		if l.Departs != c.departs || l.Arrives != c.arrive || l.First.String() != c.first || l.Weekdays != c.days {
			t.Errorf("%s: departs %d, arrives %d, first %s, days %07b; want %d, %d, %s, %07b", name, l.Departs, l.Arrives, l.First, l.Weekdays, c.departs, c.arrive, c.first, c.days)
		}
	}
}

// A flight of three legs that goes on through the night: the second leaves after midnight, the third a day later, and no
// record says so.
func TestSSIMLegsFollowEachOther(t *testing.T) {
	legs, told, err := ssimRead(t, ssimFile(ssimHead, ssimPart,
		ssimLegWith(map[int]string{40: "2200", 55: "DXB", 62: "0800", 66: "+0400"}),
		ssimLegWith(map[int]string{12: "02", 37: "DXB", 40: "0930", 48: "+0400", 55: "SIN", 62: "2100", 66: "+0800"}),
		ssimLegWith(map[int]string{12: "03", 37: "SIN", 40: "0030", 48: "+0800", 55: "SYD", 62: "1000", 66: "+1000"}),
		ssimEnd))
	if err != nil || len(told) > 0 || len(legs) != 3 {
		t.Fatalf("%d legs, %v, %v", len(legs), told, err)
	}
	for i, want := range [][2]int32{{1320, 1920}, {1440 + 570, 1440 + 1260}, {2880 + 30, 2880 + 600}} {
		if got := [2]int32{legs[i].Departs, legs[i].Arrives}; got != want {
			t.Errorf("leg %d: %v, want %v", i+1, got, want)
		}
	}
}

// The operational suffix is part of the flight: the second leg of another flight does not follow the first of this one.
func TestSSIMSuffix(t *testing.T) {
	legs, told, err := ssimRead(t, ssimFile(ssimHead, ssimPart,
		ssimLegWith(map[int]string{40: "2200", 55: "DXB", 62: "0800", 66: "+0400"}),
		ssimLegWith(map[int]string{2: "A", 12: "02", 37: "DXB", 40: "0930", 48: "+0400", 55: "SIN", 62: "2100", 66: "+0800"}),
		ssimEnd))
	if err != nil || len(legs) != 2 || legs[1].Suffix != "A" || legs[1].Departs != 570 || !cmp.Equal(told, []string{"4 leg_order true"}) {
		t.Errorf("%+v, %v, %v", legs, told, err)
	}
}

func TestSSIMCodeshares(t *testing.T) {
	segment := func(element, data string) map[int]string {
		return map[int]string{1: "4 YY ", 6: "  12", 10: "01", 12: "01", 14: "J", 29: "AB", 31: element, 34: "LHRJFK", 40: data}
	}
	legs, told, err := ssimRead(t, ssimFile(ssimHead, ssimPart,
		ssimLegWith(nil), segment("010", "ZZ 0345 /BAW77A/Q94100"), segment("106", "whatever"), segment("010", "??"),
		ssimLegWith(map[int]string{10: "02", 149: "L"}), map[int]string{1: "4 YY ", 6: "  12", 10: "02", 12: "01", 31: "050", 40: "QQ 9"},
		ssimLegWith(map[int]string{10: "03", 149: "L"}), segment("010", "ZZ 1"),
		ssimEnd))
	if err != nil || len(legs) != 3 {
		t.Fatalf("%d legs, %v", len(legs), err)
	}
	if diff := cmp.Diff([]string{"ZZ345", "BAW77", "Q94100"}, legs[0].Codeshares); diff != "" || legs[0].Operator != "" {
		t.Errorf("operated leg: operator %q, %s", legs[0].Operator, diff)
	}
	if legs[1].Operator != "QQ" || !cmp.Equal(legs[1].Codeshares, []string{"QQ9"}) {
		t.Errorf("leg operated by others: %+v", legs[1])
	}
	if diff := cmp.Diff([]string{"6 bad_codeshare true", "10 segment_without_leg false", "9 operator_unknown true"}, told); diff != "" {
		t.Error(diff)
	}
}

func TestSSIMRefusesLines(t *testing.T) {
	for code, change := range map[string]map[int]string{
		"bad_carrier": {3: "1  "}, "bad_number": {6: "  0 "}, "bad_variation": {12: "00"}, "bad_airport": {37: "L1R"}, "same_airport": {55: "LHR"},
		"bad_period": {15: "31JUN26"}, "bad_days": {29: "2      "}, "fortnightly": {36: "2"}, "bad_time": {40: "1060"}, "bad_offset": {48: " 0100"},
		"bad_date_variation": {193: "x0"}, "arrives_before_departure": {193: "10"}, "too_long": {193: "02"}, "not_ascii": {100: "\xe9"},
	} {
		legs, told, err := ssimRead(t, ssimFile(ssimHead, ssimPart, ssimLegWith(change), ssimLegWith(map[int]string{6: "  13"}), ssimEnd))
		if err != nil || len(legs) != 1 || legs[0].Number != "13" || len(told) == 0 || told[0] != "3 "+code+" false" {
			t.Errorf("%s: legs %v, %v, %v", code, legs, told, err)
		}
	}
	open := map[int]string{22: ssimOpenEnd}
	legs, _, err := ssimRead(t, ssimFile(ssimHead, ssimPart, ssimLegWith(open), ssimEnd))
	if err != nil || len(legs) != 1 || legs[0].Last.String() != "2026-10-31" {
		t.Errorf("until further notice: %+v, %v; want the end of the season", legs, err)
	}
	_, told, _ := ssimRead(t, ssimFile(ssimHead, map[int]string{1: "2LYY"}, ssimLegWith(open), ssimEnd))
	if !cmp.Equal(told, []string{"3 open_period false"}) {
		t.Errorf("without any end: %v", told)
	}
}

func TestSSIMRefusesFiles(t *testing.T) {
	whole := ssimFile(ssimHead, ssimPart, ssimLegWith(nil), ssimEnd)
	lines := strings.SplitAfter(whole, "\n")
	for name, c := range map[string]struct{ file, code string }{
		"nothing":             {"", "empty_file"},
		"filler alone":        {strings.Repeat("0", 200) + "\n", "empty_file"},
		"something else":      {"stop_id,stop_name\n", "not_ssim"},
		"no trailer":          {strings.Join(lines[:3], ""), "truncated"},
		"header alone":        {lines[0], "truncated"},
		"part without end":    {whole + lines[1] + lines[2], "truncated"},
		"part within another": {lines[0] + lines[1] + lines[1] + lines[3], "truncated"},
		"endless line":        {lines[0] + strings.Repeat("x", 2*MaxSSIMLine), "line_too_long"},
	} {
		_, _, err := ssimRead(t, c.file)
		var bad *Error
		if !errors.As(err, &bad) || !bad.Fatal || bad.Code != c.code {
			t.Errorf("%s: %v, want %s", name, err, c.code)
		}
	}
	if _, told, err := ssimRead(t, strings.ReplaceAll(whole, "\n", "\r\n")); err != nil || len(told) > 0 {
		t.Errorf("with CR LF: %v, %v", told, err)
	}
	if _, told, err := ssimRead(t, lines[0]+lines[1]+lines[3]); err != nil || !cmp.Equal(told, []string{"3 serial_order true"}) {
		t.Errorf("a record is missing: %v, %v", told, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := ReadSSIM(ctx, endless(whole), FlightSink{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	stop := errors.New("stop")
	err := ReadSSIM(t.Context(), strings.NewReader(whole), FlightSink{Leg: func(Leg) error { return stop }})
	if !errors.Is(err, stop) {
		t.Errorf("an error of the sink comes out as %v", err)
	}
}

// FuzzSSIM: whatever a file holds, reading ends, and what it gives is a leg that can be flown.
func FuzzSSIM(f *testing.F) {
	f.Add(ssimFile(ssimHead, ssimPart, ssimLegWith(nil), ssimEnd))
	f.Add(ssimFile(ssimHead, ssimPartUTC, ssimLegWith(map[int]string{193: "A1"}), map[int]string{1: "4 YY ", 31: "010", 40: "ZZ1"}, ssimEnd))
	f.Add(strings.Repeat("0", 200) + "\n1AIR")
	f.Fuzz(func(t *testing.T, file string) {
		legs, _, _ := ssimRead(t, file)
		if len(legs) > len(file)/SSIMRecord {
			t.Fatal("more legs than records")
		}
		for _, l := range legs {
			took := l.Arrives - l.ArriveOffset - l.Departs + l.DepartOffset
			if took <= 0 || took >= ssimDay || l.Weekdays == 0 || l.First > l.Last || l.Sequence < 1 || l.From == l.To {
				t.Fatalf("%+v", l)
			}
		}
	})
}

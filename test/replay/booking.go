package main

import (
	"archive/zip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"holdfast/civil"
)

// booking is one line of the file.
type booking struct {
	line                     int // of the file; copied lines are bookings of their own
	hotel                    int // index into hotels
	roomType                 byte
	arrival, booked          civil.Date
	nights                   int
	cancelled                civil.Date // 0: never
	adults, children, babies int
	noShow                   bool
	adr                      int64 // average daily rate in cents of EUR
}

// hotels are the names in the file with the rooms they have.
var hotels = [...]struct {
	name  string
	rooms int
}{{"City Hotel", 226}, {"Resort Hotel", 187}}

// columns are those that are read.
var columns = []string{
	"hotel", "lead_time", "arrival_date_year", "arrival_date_month", "arrival_date_day_of_month", "stays_in_weekend_nights", "stays_in_week_nights",
	"adults", "children", "babies", "reserved_room_type", "adr", "reservation_status", "reservation_status_date",
}

// read reads the CSV, or the one CSV in a zip.
func read(name string) ([]booking, error) {
	if !strings.EqualFold(filepath.Ext(name), ".zip") {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = file.Close() }() // only read
		return parse(file)
	}
	archive, err := zip.OpenReader(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = archive.Close() }() // only read
	for _, member := range archive.File {
		if strings.EqualFold(filepath.Ext(member.Name), ".csv") {
			file, err := member.Open()
			if err != nil {
				return nil, err
			}
			defer func() { _ = file.Close() }() // only read
			return parse(file)
		}
	}
	return nil, fmt.Errorf("%s: no CSV in it", name)
}

// parse reads line by line; what it keeps of a line is small.
func parse(r io.Reader) ([]booking, error) {
	lines := csv.NewReader(r)
	lines.ReuseRecord = true
	header, err := lines.Read()
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for _, c := range columns {
		if at[c] = slices.Index(header, c); at[c] < 0 {
			return nil, fmt.Errorf("the file has no column %s", c)
		}
	}
	var all []booking
	for line := 2; ; line++ {
		record, err := lines.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		b, err := parseLine(func(column string) string { return record[at[column]] })
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		b.line = line
		all = append(all, b)
	}
}

func parseLine(get func(column string) string) (b booking, err error) {
	number := func(column string) int {
		text := get(column)
		if text == "NA" { // four bookings do not say how many children
			return 0
		}
		n, nerr := strconv.Atoi(text)
		if nerr != nil && err == nil {
			err = fmt.Errorf("%s: %w", column, nerr)
		}
		return n
	}
	for b.hotel = 0; b.hotel < len(hotels) && hotels[b.hotel].name != get("hotel"); b.hotel++ {
	}
	if b.hotel == len(hotels) {
		return b, fmt.Errorf("unknown hotel %q", get("hotel"))
	}
	if letter := get("reserved_room_type"); len(letter) != 1 {
		return b, fmt.Errorf("unknown room type %q", letter)
	}
	b.roomType = get("reserved_room_type")[0]
	month, err := time.Parse("January", get("arrival_date_month"))
	if err != nil {
		return b, err
	}
	b.arrival = civil.DateOf(number("arrival_date_year"), month.Month(), number("arrival_date_day_of_month"))
	b.booked = b.arrival.Add(-number("lead_time"))
	b.nights = number("stays_in_weekend_nights") + number("stays_in_week_nights")
	b.adults, b.children, b.babies = number("adults"), number("children"), number("babies")
	adr, perr := strconv.ParseFloat(get("adr"), 64)
	if perr != nil {
		return b, perr
	}
	b.adr = int64(adr*100 + 0.5)
	status, derr := civil.Parse(get("reservation_status_date"))
	if derr != nil {
		return b, derr
	}
	switch get("reservation_status") {
	case "Canceled":
		b.cancelled = max(status, b.booked)
	case "No-Show":
		b.noShow = true
	case "Check-Out":
	default:
		return b, fmt.Errorf("unknown status %q", get("reservation_status"))
	}
	return b, err
}

// guests is everybody who would sleep there.
func (b *booking) guests() int { return b.adults + b.children + b.babies }

// day is what happens on one day, each part in the order of the file; see the package comment.
type day struct {
	date                       civil.Date
	morning, bookings, evening []*booking
}

func (d *day) events() int { return len(d.morning) + len(d.bookings) + len(d.evening) }

// stream puts bookings and cancellations in the order of time. A limit above 0 ends it after so many.
func stream(bookings []booking, limit int) []*day {
	byDate := map[civil.Date]*day{}
	at := func(date civil.Date) *day {
		if byDate[date] == nil {
			byDate[date] = &day{date: date}
		}
		return byDate[date]
	}
	for i := range bookings {
		b := &bookings[i]
		at(b.booked).bookings = append(at(b.booked).bookings, b)
		switch b.cancelled {
		case 0:
		case b.booked:
			at(b.cancelled).evening = append(at(b.cancelled).evening, b)
		default:
			at(b.cancelled).morning = append(at(b.cancelled).morning, b)
		}
	}
	days := make([]*day, 0, len(byDate))
	for _, d := range byDate {
		days = append(days, d)
	}
	slices.SortFunc(days, func(a, b *day) int { return int(a.date - b.date) })
	if limit <= 0 {
		return days
	}
	for i, d := range days {
		for _, part := range []*[]*booking{&d.morning, &d.bookings, &d.evening} {
			*part = (*part)[:min(len(*part), limit)]
			limit -= len(*part)
		}
		if limit == 0 {
			return days[:i+1]
		}
	}
	return days
}

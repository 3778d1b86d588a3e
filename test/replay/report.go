package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"holdfast/civil"
	"holdfast/test/e2e/api"
)

// maxWrong bounds how much of what is wrong is listed.
const maxWrong = 50

// report is what came of a replay. Its JSON form is for machines.
type report struct {
	File          string        `json:"file"`
	From          civil.Date    `json:"from"`
	To            civil.Date    `json:"to"`
	Bookings      int           `json:"bookings"`
	Cancellations int           `json:"cancellations"`
	Accepted      int           `json:"accepted"`
	NoShows       int           `json:"accepted_no_shows"`
	Cancelled     int           `json:"cancelled"`
	TooLate       int           `json:"cancelled_too_late"` // the stay was over; it stays booked
	Refused       []refusal     `json:"refused"`
	SoldOut       int           `json:"would_have_needed_overbooking"`
	NoNight       int           `json:"refused_without_a_night"`
	NoGuest       int           `json:"refused_without_a_guest"`
	Hotels        []hotelReport `json:"hotels"`
	Compared      int           `json:"inventory_comparisons"` // nights that were compared
	Audit         string        `json:"audit"`
	Seconds       float64       `json:"seconds"`
	Calls         []callReport  `json:"calls"`
	Wrong         []string      `json:"wrong"`
	MoreWrong     int           `json:"more_wrong,omitempty"`
}

// refusal counts the bookings that were refused alike.
type refusal struct {
	Code  string `json:"code"`
	Place string `json:"place,omitempty"` // pointer and code of the wrong place
	What  string `json:"what"`            // the file's side of it
	Count int    `json:"count"`
}

// hotelReport is the fullest night of a hotel and what it says of the others.
type hotelReport struct {
	Name        string     `json:"name"`
	Limit       int        `json:"limit"`
	Accepted    int        `json:"accepted"`
	SoldOut     int        `json:"sold_out"`
	Highest     int        `json:"highest_occupancy"`
	Night       civil.Date `json:"night"` // the first one so full
	AtLimit     int        `json:"nights_at_the_limit"`
	Over        int        `json:"nights_over_the_limit"`
	Wanted      int        `json:"highest_wanted"` // had nothing been sold out
	WantedNight civil.Date `json:"wanted_night"`
	OverWanted  int        `json:"nights_wanted_over_the_limit"`
	Inventory   int        `json:"highest_in_inventory"`
}

// callReport is how many calls of a kind were made and what one took on average.
type callReport struct {
	Kind         string  `json:"kind"`
	Count        int64   `json:"count"`
	Milliseconds float64 `json:"milliseconds"`
}

func newReport(w *world, days []*day) *report {
	r := &report{File: w.file, From: days[0].date, To: days[len(days)-1].date}
	for _, d := range days {
		r.Bookings += len(d.bookings)
		r.Cancellations += len(d.morning) + len(d.evening)
	}
	for _, h := range hotels {
		r.Hotels = append(r.Hotels, hotelReport{Name: h.name, Limit: h.rooms})
	}
	return r
}

// wrong notes what must not be.
func (r *report) wrong(format string, args ...any) {
	if len(r.Wrong) == maxWrong {
		r.MoreWrong++
		return
	}
	r.Wrong = append(r.Wrong, fmt.Sprintf(format, args...))
}

func (r *report) accepted(b *booking) {
	r.Accepted++
	r.Hotels[b.hotel].Accepted++
	if b.noShow {
		r.NoShows++
	}
}

// refused counts a refusal by what the API says and what the file says.
func (r *report) refused(b *booking, p api.Problem) {
	one := refusal{Code: p.Code, What: b.oddity()}
	if p.Code == "sold_out" {
		one.What = "would have needed overbooking"
		r.SoldOut++
		r.Hotels[b.hotel].SoldOut++
	} else if len(p.Errors) > 0 {
		one.Place = p.Errors[0].Pointer + " " + p.Errors[0].Code
	}
	if b.nights == 0 {
		r.NoNight++
	}
	if b.guests() == 0 {
		r.NoGuest++
	}
	i := slices.IndexFunc(r.Refused, func(o refusal) bool { return o.Code == one.Code && o.Place == one.Place && o.What == one.What })
	if i < 0 {
		i = len(r.Refused)
		r.Refused = append(r.Refused, one)
	}
	r.Refused[i].Count++
}

// oddity says what is odd about a booking in the file.
func (b *booking) oddity() string {
	var odd []string
	if b.nights == 0 {
		odd = append(odd, "no night")
	}
	switch {
	case b.guests() == 0:
		odd = append(odd, "no guest")
	case b.adults == 0:
		odd = append(odd, "children alone")
	case b.guests() > 9:
		odd = append(odd, "a party of more than 9")
	}
	if len(odd) == 0 {
		return "nothing odd in the file"
	}
	return strings.Join(odd, " and ")
}

// compare holds what the inventory says against our books.
func (r *report) compare(hotel int, l *ledger, sold []int) {
	h := &r.Hotels[hotel]
	for n, count := range sold {
		r.Compared++
		h.Inventory = max(h.Inventory, count)
		if count > l.limit {
			r.wrong("%s on %s: the inventory has %d of %d rooms sold", h.Name, l.first.Add(n), count, l.limit)
		}
		if count != l.taken[n] {
			r.wrong("%s on %s: the inventory has %d rooms sold, our books %d", h.Name, l.first.Add(n), count, l.taken[n])
		}
	}
}

// finish reads the books.
func (r *report) finish(w *world, took time.Duration, steps *[len(stepNames)]stepTime) {
	r.Seconds = took.Seconds()
	for i, name := range stepNames {
		if n := steps[i].calls.Load(); n > 0 {
			r.Calls = append(r.Calls, callReport{name, n, float64(steps[i].nanoseconds.Load()) / float64(n) / float64(time.Millisecond)})
		}
	}
	slices.SortFunc(r.Refused, func(a, b refusal) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return strings.Compare(a.Code+a.Place+a.What, b.Code+b.Place+b.What)
	})
	for i := range w.houses {
		h, l := &r.Hotels[i], w.houses[i].ledger
		for n, peak := range l.peak {
			if peak > h.Highest {
				h.Highest, h.Night = peak, l.first.Add(n)
			}
			if peak == l.limit {
				h.AtLimit++
			}
			if peak > l.limit {
				h.Over++
				r.wrong("%s on %s: %d of %d rooms were taken", h.Name, l.first.Add(n), peak, l.limit)
			}
			if crest := l.crest[n]; crest > h.Wanted {
				h.Wanted, h.WantedNight = crest, l.first.Add(n)
			}
			if l.crest[n] > l.limit {
				h.OverWanted++
			}
		}
	}
}

// write writes the report for people, and for machines where a file was named.
func (r *report) write(out io.Writer, name string) error {
	var s strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&s, format+"\n", args...) }
	line("Replay of %s: %d bookings and %d cancellations from %s to %s", r.File, r.Bookings, r.Cancellations, r.From, r.To)
	line("")
	line("  accepted  %6d   of them %d cancelled later, %d no-shows, which stay booked", r.Accepted, r.Cancelled, r.NoShows)
	if r.TooLate > 0 {
		line("                     %d cancellations came when the stay was over; these stay booked too", r.TooLate)
	}
	line("  refused   %6d", r.Bookings-r.Accepted)
	for _, f := range r.Refused {
		line("            %6d   %s %s (%s)", f.Count, f.Code, f.Place, f.What)
	}
	line("")
	line("  Of those refused %d have no night and %d no guest. %d would have needed overbooking.", r.NoNight, r.NoGuest, r.SoldOut)
	line("")
	for _, h := range r.Hotels {
		line("  %-13s limit %d: at most %d taken, on %s; %d nights at the limit, %d over it", h.Name, h.Limit, h.Highest, h.Night, h.AtLimit, h.Over)
		line("                %d accepted, %d sold out; without the limit %d would have been taken on %s, and %d nights had gone over it",
			h.Accepted, h.SoldOut, h.Wanted, h.WantedNight, h.OverWanted)
	}
	line("")
	line("  Every answer and %d nights of the inventory were held against our own books.", r.Compared)
	line("  Audit: %s.", r.Audit)
	calls, kinds := int64(0), make([]string, len(r.Calls))
	for i, c := range r.Calls {
		calls += c.Count
		kinds[i] = fmt.Sprintf("%d %s (%.1f ms)", c.Count, c.Kind, c.Milliseconds)
	}
	line("  It took %v: %.0f bookings and %.0f calls a second.", time.Duration(r.Seconds*float64(time.Second)).Round(100*time.Millisecond),
		float64(r.Bookings)/r.Seconds, float64(calls)/r.Seconds)
	line("  Calls and what one took: %s.", strings.Join(kinds, ", "))
	line("")
	if len(r.Wrong) == 0 {
		line("Everything is right.")
	}
	for _, text := range r.Wrong {
		line("WRONG: %s", text)
	}
	if r.MoreWrong > 0 {
		line("WRONG: ... and %d more", r.MoreWrong)
	}
	if _, err := io.WriteString(out, s.String()); err != nil {
		return err
	}
	if name == "" {
		return nil
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(text, '\n'), 0o600)
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"holdfast/civil"
	"holdfast/test/e2e/api"
	"holdfast/test/e2e/process"
)

const (
	ownCallers = 100 // tokens of our own server
	// holdsOfOne is how many unpaid reservations one caller may have at once, with room to the default cap of 25.
	holdsOfOne = 20
	// horizonNights is how far ahead our own server sells: the longest lead time is 737 nights, the longest stay 69.
	horizonNights = 850
)

// world is the server and what was set up on it.
type world struct {
	service *api.Service
	tokens  []string // the first one is the operator's
	workers int
	server  *process.Server // nil: somebody else's
	binary  string          // "" when there is nothing to audit
	store   []string        // flags of the audit
	folder  string          // to be removed at the end; "" for none

	first, end civil.Date // all nights of all stays
	houses     [len(hotels)]house
	file       string
}

// house is one of the two hotels.
type house struct {
	id     string
	types  map[byte]string // letter -> room type
	prices map[byte]int64  // cents a night
	ledger *ledger
}

// open starts a server where none was named, and sets up the hotels.
func open(ctx context.Context, o *options, bookings []booking, days []*day, stderr io.Writer) (_ *world, err error) {
	w := &world{workers: o.Workers, tokens: o.Token, file: filepath.Base(o.File), first: bookings[0].arrival}
	for i := range bookings {
		b := &bookings[i]
		w.first, w.end = min(w.first, b.arrival), max(w.end, b.arrival.Add(b.nights))
	}
	defer func() {
		if err != nil {
			w.close(stderr)
		}
	}()
	if o.Server != "" {
		err = w.join(ctx, o)
	} else {
		err = w.start(ctx, o, days[0].date, stderr)
	}
	if err != nil {
		return nil, err
	}
	w.workers = min(w.workers, holdsOfOne*len(w.tokens))
	return w, w.build(ctx, bookings)
}

// join takes the server that was named.
func (w *world) join(ctx context.Context, o *options) error {
	if len(w.tokens) == 0 {
		return errors.New("--server needs --token")
	}
	w.service = api.New(o.Server)
	switch {
	case o.DatabaseURL != "":
		w.store = []string{"--database-url=" + o.DatabaseURL}
	case o.Data != "":
		w.store = []string{"--data=" + o.Data}
	default:
		return nil
	}
	return w.prepare(ctx, o)
}

// prepare makes a folder for temporary files and builds the binary unless one was named.
func (w *world) prepare(ctx context.Context, o *options) (err error) {
	if w.folder, err = os.MkdirTemp("", "holdfast-replay-"); err != nil {
		return err
	}
	if w.binary = o.Binary; w.binary == "" {
		w.binary, err = process.Build(ctx, w.folder)
	}
	return err
}

// start starts a server of our own, on the day of the first event.
func (w *world) start(ctx context.Context, o *options, first civil.Date, stderr io.Writer) error {
	say(stderr, "building and starting a server")
	if err := w.prepare(ctx, o); err != nil {
		return err
	}
	tokens := []api.Object{}
	for i := range ownCallers {
		w.tokens = append(w.tokens, fmt.Sprintf("replay-token-%03d", i))
		tokens = append(tokens, api.Object{"token": w.tokens[i], "subject": fmt.Sprintf("replay-%03d", i), "scopes": []string{"staff:*"}})
	}
	text, err := json.Marshal(tokens)
	if err != nil {
		return err
	}
	name := filepath.Join(w.folder, "tokens.json")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		return err
	}
	if o.DatabaseURL != "" {
		w.store = []string{"--database-url=" + o.DatabaseURL}
		r, err := process.Run(ctx, w.binary, append([]string{"migrate"}, w.store...)...)
		if err == nil && r.Code != 0 {
			err = fmt.Errorf("migrate: %s", r.Stderr)
		}
		if err != nil {
			return err
		}
	} else {
		folder := o.Data
		if folder == "" {
			folder = filepath.Join(w.folder, "data")
		}
		w.store = []string{"--data=" + folder}
	}
	w.server, err = process.Start(ctx, w.binary, append([]string{
		"--tokens=" + name, "--clock=" + first.In(time.UTC, 6, 0).Format(time.RFC3339), fmt.Sprintf("--horizon-nights=%d", horizonNights), "--log-level=warn", "--times-notice=0s",
	}, w.store...)...)
	if err == nil {
		w.service = api.New(w.server.URL)
	}
	return err
}

// close ends what was started.
func (w *world) close(stderr io.Writer) {
	if w.service != nil {
		w.service.Close()
	}
	if w.server != nil {
		if code, err := w.server.Stop(); err != nil || code != 0 {
			say(stderr, "the server stopped with code %d, error %v\n%s", code, err, w.server.Tail())
		}
	}
	if w.folder != "" {
		_ = os.RemoveAll(w.folder) // in the system's folder for temporary files
	}
}

func say(w io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(w, "replay: "+format+"\n", args...)
}

// build makes the supplier, the hotels and their room types.
func (w *world) build(ctx context.Context, bookings []booking) error {
	operator := w.tokens[0]
	post := func(path string, body api.Object) (string, error) {
		made, err := api.Get[api.Named](ctx, w.service, api.Request{Method: "POST", Path: path, Token: operator, Body: body})
		return made.ID, err
	}
	supplier, err := post("/v1/suppliers", api.Object{"name": "Replayed hotels", "kind": "hotel_chain"})
	if err != nil {
		return err
	}
	for i := range hotels {
		h := &w.houses[i]
		h.types, h.prices = map[byte]string{}, medians(bookings, i)
		h.ledger = newLedger(hotels[i].rooms, w.first, w.end)
		h.id, err = post("/v1/hotels", api.Object{
			"supplier_id": supplier, "name": hotels[i].name, "city": "Replay", "country": "PT", "latitude": 38.7 - float64(i), "longitude": -9.1,
			"time_zone": "Europe/Lisbon", "currency": "EUR", "overbooking_bp": 0, "capacity": hotels[i].rooms,
		})
		if err != nil {
			return err
		}
		for letter, cents := range h.prices {
			h.types[letter], err = post("/v1/hotels/"+h.id+"/room-types", api.Object{
				"name": "Type " + string(letter), "occupancy": api.Object{"adults": 20, "children": 9}, "capacity": hotels[i].rooms, "overbooking_bp": 0,
				"base_price": api.Money{Amount: decimal(cents), Currency: "EUR"},
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func decimal(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// medians are the median adr of each room type of a hotel, at least one euro.
func medians(bookings []booking, hotel int) map[byte]int64 {
	rates := map[byte][]int64{}
	for i := range bookings {
		if b := &bookings[i]; b.hotel == hotel {
			rates[b.roomType] = append(rates[b.roomType], b.adr)
		}
	}
	found := map[byte]int64{}
	for letter, all := range rates {
		slices.Sort(all)
		found[letter] = max(all[len(all)/2], 100)
	}
	return found
}

// audit asks the binary, which asks the running server or the database.
func (w *world) audit(ctx context.Context, r *report) error {
	if w.binary == "" {
		r.Audit = "not made: --data or --database-url of the server was not given"
		return nil
	}
	a, err := process.Audit(ctx, w.binary, w.store...)
	if err != nil {
		return err
	}
	r.Audit = fmt.Sprintf("%d slots, %d reservations, %d claims, %d history entries, %d events, %d keys, %d payments: ", a.Slots, a.Reservations, a.Claims, a.Entries, a.Events, a.Keys, a.Payments)
	if len(a.Findings) == 0 {
		r.Audit += "everything is right"
		return nil
	}
	r.Audit += fmt.Sprintf("%d findings", len(a.Findings))
	r.wrong("the audit has findings: %+v", a.Findings)
	return nil
}

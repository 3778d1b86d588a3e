package traffic

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"

	"holdfast/test/load/drive"
	"holdfast/test/load/wire"
	"holdfast/uid"
)

// Scenarios are those that there are, by name.
var Scenarios = map[string]string{
	"search": "the 20 best hotels of a city, one sealed offer each",
	"hot":    "everybody places a hold on one room type for the same nights, and lets it go again",
	"funnel": "300 views (60 searches, 40 lists, 200 hotel pages) : 30 booking pages : 3 bookings that are paid",
}

// Scenario is a drive.Seller of whole steps. A step that makes several requests counts once; Extra counts the further ones.
type Scenario struct {
	Extra atomic.Int64
	place func(ctx context.Context, r drive.Request) (uid.ID, error)
}

// Place implements drive.Seller.
func (s *Scenario) Place(ctx context.Context, r drive.Request) (uid.ID, error) {
	return s.place(ctx, r)
}

// Scenario makes one by its name.
func (s *Site) Scenario(ctx context.Context, name string) (*Scenario, error) {
	switch name {
	case "search":
		return &Scenario{place: func(ctx context.Context, r drive.Request) (uid.ID, error) { return uid.ID{}, s.searchCity(ctx, r.N) }}, nil
	case "hot":
		return s.hot(ctx)
	case "funnel":
		return s.funnel(), nil
	}
	return nil, fmt.Errorf("scenario %q: want funnel, hot or search", name)
}

// spread takes neighbouring numbers far apart (Knuth's multiplicative hashing), so that no order is felt.
func spread(n int64, of int) int { return int(uint64(n) * 0x9e3779b97f4a7c15 >> 33 % uint64(of)) }

func ok(a wire.Answer) error {
	if a.Status != http.StatusOK {
		return a.Unexpected()
	}
	return nil
}

func (s *Site) searchCity(ctx context.Context, n int64) error {
	body := s.search[spread(n, len(s.search))]
	return s.Do(ctx, func(b []byte) []byte { return s.post(b, "/v1/offers", n, body) }, func(a wire.Answer) error {
		if a.Status != http.StatusOK {
			return a.Unexpected()
		}
		if firstOffer(a.Body) == "" {
			return errors.New("a search found nothing: there is no stock on the dates asked for")
		}
		return nil
	})
}

// bookingPage asks one hotel what it has and returns the first offer; "" when it is full.
func (s *Site) bookingPage(ctx context.Context, n int64) (offer string, err error) {
	body := s.booking[spread(n, len(s.booking))]
	err = s.Do(ctx, func(b []byte) []byte { return s.post(b, "/v1/offers", n, body) }, func(a wire.Answer) error {
		offer = firstOffer(a.Body)
		return ok(a)
	})
	return offer, err
}

// placing is a request to place an offer, from its length on.
func placing(offer string) []byte {
	return sizedBytes([]byte(`{"items":[{"offer":"` + offer + `"}],"travellers":[{"given_name":"Ada","family_name":"Lovelace","email":"ada@example.org"}]}`))
}

func (s *Site) placeOffer(ctx context.Context, r drive.Request, body []byte) (id uid.ID, err error) {
	err = s.Do(ctx, func(b []byte) []byte {
		b = append(b, "POST "+wire.Path...)
		b = append(b, s.host...)
		b = append(b, s.token(r.N)...)
		b = append(b, "Idempotency-Key: "...)
		b = hex.AppendEncode(b, r.Key[:])
		b = append(b, "\r\n"...)
		return append(b, body...)
	}, func(a wire.Answer) (err error) {
		id, err = wire.Verdict(a)
		return err
	})
	return id, err
}

// release lets a hold go.
func (s *Site) release(ctx context.Context, n int64, id uid.ID) error {
	return s.Do(ctx, func(b []byte) []byte {
		b = append(b, "DELETE "+wire.Path+"/"+id.Text("res")...)
		b = append(b, s.host...)
		b = append(b, s.token(n)...)
		return append(b, "\r\n"...)
	}, func(a wire.Answer) error {
		if a.Status != http.StatusNoContent {
			return a.Unexpected()
		}
		return nil
	})
}

var approved = sizedBytes([]byte(`{"payment_method":"pm_test_approved"}`))

// pay pays with the sandbox's card; an answer that the payment is under way is one too.
func (s *Site) pay(ctx context.Context, r drive.Request, id uid.ID) error {
	return s.Do(ctx, func(b []byte) []byte {
		b = append(b, "POST "+wire.Path+"/"+id.Text("res")+"/pay"...)
		b = append(b, s.host...)
		b = append(b, s.token(r.N)...)
		b = append(b, "Idempotency-Key: pay-"...)
		b = hex.AppendEncode(b, r.Key[:])
		b = append(b, "\r\n"...)
		return append(b, approved...)
	}, func(a wire.Answer) error {
		if a.Status != http.StatusOK && a.Status != http.StatusAccepted {
			return a.Unexpected()
		}
		return nil
	})
}

// hot places one offer again and again. The holds are let go at once: one caller may keep few, and whoever tests their
// own deployment wants their rooms back. A refusal to let go that is not shed is an error; a shed one leaves a hold that
// lapses by itself.
func (s *Site) hot(ctx context.Context) (*Scenario, error) {
	offer := ""
	for n := int64(0); offer == "" && n < int64(len(s.booking)); n++ {
		var err error
		if offer, err = s.bookingPage(ctx, n); err != nil {
			return nil, err
		}
	}
	if offer == "" {
		return nil, errors.New("no hotel has anything to sell on the dates asked for")
	}
	body := placing(offer)
	h := &Scenario{}
	h.place = func(ctx context.Context, r drive.Request) (uid.ID, error) {
		id, err := s.placeOffer(ctx, r, body)
		if err != nil {
			return uid.ID{}, err
		}
		h.Extra.Add(1)
		if err := s.release(ctx, r.N, id); err != nil && !errors.Is(err, drive.ErrShed) {
			return uid.ID{}, fmt.Errorf("let a hold go: %w", err)
		}
		return uid.ID{}, nil
	}
	return h, nil
}

// The funnel of the hotel document, in one round of steps.
const (
	funnelSearches = 60
	funnelLists    = 40
	funnelPages    = 200
	funnelBookings = 30 // booking pages
	funnelSales    = 3
	funnelSteps    = funnelSearches + funnelLists + funnelPages + funnelBookings + funnelSales
)

// offers are those that booking pages showed last; bookings take one.
type offers struct {
	mu   sync.Mutex
	ring []string
	next int
}

const offersKept = 256

func (o *offers) add(offer string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.ring) < offersKept {
		o.ring = append(o.ring, offer)
		return
	}
	o.ring[o.next%offersKept] = offer
	o.next++
}

func (o *offers) pick(n int64) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.ring) == 0 {
		return ""
	}
	return o.ring[spread(n, len(o.ring))]
}

// tags are the ETags of hotel pages that a browser would have.
type tags []atomic.Pointer[[]byte]

func (s *Site) funnel() *Scenario {
	f := &Scenario{}
	shown, known := &offers{}, make(tags, len(s.pages))
	f.place = func(ctx context.Context, r drive.Request) (uid.ID, error) {
		// 127 and 333 have no common divisor: each round has every step once, mixed.
		switch step := int(r.N * 127 % funnelSteps); {
		case step < funnelSales:
			return s.sale(ctx, r, shown, f)
		case step < funnelSales+funnelBookings:
			offer, err := s.bookingPage(ctx, r.N)
			if offer != "" {
				shown.add(offer)
			}
			return uid.ID{}, err
		case step < funnelSales+funnelBookings+funnelSearches:
			return uid.ID{}, s.searchCity(ctx, r.N)
		case step < funnelSales+funnelBookings+funnelSearches+funnelLists:
			return uid.ID{}, s.read(ctx, s.lists[spread(r.N, len(s.lists))], r.N, nil)
		}
		i := spread(r.N, len(s.pages))
		if r.N%2 == 0 { // half of the readers were here before
			return uid.ID{}, s.read(ctx, s.pages[i], r.N, &known[i])
		}
		return uid.ID{}, s.read(ctx, s.pages[i], r.N, nil)
	}
	return f
}

// read gets a page; with tag, only if it is not the one that is known.
func (s *Site) read(ctx context.Context, start []byte, n int64, tag *atomic.Pointer[[]byte]) error {
	return s.Do(ctx, func(b []byte) []byte {
		b = append(b, start...)
		b = append(b, s.token(n)...)
		if tag != nil {
			if known := tag.Load(); known != nil {
				b = append(b, "If-None-Match: "...)
				b = append(b, *known...)
				b = append(b, "\r\n"...)
			}
		}
		return append(b, "\r\n"...)
	}, func(a wire.Answer) error {
		if tag != nil && a.Status == http.StatusNotModified {
			return nil
		}
		if tag != nil && len(a.ETag) > 0 {
			tag.Store(&a.ETag)
		}
		return ok(a)
	})
}

// sale books what a booking page has shown, and pays.
func (s *Site) sale(ctx context.Context, r drive.Request, shown *offers, f *Scenario) (uid.ID, error) {
	offer := shown.pick(r.N)
	if offer == "" { // nobody has seen a booking page yet
		var err error
		if offer, err = s.bookingPage(ctx, r.N); err != nil || offer == "" {
			return uid.ID{}, err
		}
	}
	id, err := s.placeOffer(ctx, r, placing(offer))
	if err != nil {
		return uid.ID{}, err
	}
	f.Extra.Add(1)
	if err := s.pay(ctx, r, id); err != nil {
		return uid.ID{}, fmt.Errorf("pay: %w", err)
	}
	return id, nil
}

// Booked asks for a reservation and fails unless it is confirmed and paid, or about to be.
func (s *Site) Booked(ctx context.Context, n int64, id uid.ID) error {
	var got struct {
		Status string `json:"status"`
	}
	err := s.Do(ctx, func(b []byte) []byte { return s.get(b, wire.Path+"/"+id.Text("res"), n) }, func(a wire.Answer) error {
		if a.Status != http.StatusOK {
			return a.Unexpected()
		}
		return json.Unmarshal(a.Body, &got)
	})
	if err == nil && got.Status != "confirmed" && got.Status != "confirming" {
		err = fmt.Errorf("it is %s", got.Status)
	}
	if err != nil {
		return fmt.Errorf("reservation %s: %w", id.Text("res"), err)
	}
	return nil
}

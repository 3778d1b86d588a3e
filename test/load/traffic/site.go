// Package traffic makes the requests that people make of a running server: searches, hotel pages, booking pages,
// bookings. It knows the server by its API alone, so it can be pointed at any deployment.
package traffic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"holdfast/civil"
	"holdfast/test/load/wire"
)

// Target is a deployment.
type Target struct {
	Address     string // host:port; plain HTTP
	Tokens      []string
	Connections int // opened at once; more come as they are needed
	CheckIn     civil.Date
	Nights      int
	Days        int // check-ins are spread over so many days
}

// Default dates: far enough ahead to be free, close enough to exist.
const (
	daysAhead     = 30
	defaultNights = 3
	defaultDays   = 30
)

// Site is what is known of a deployment: its hotels and cities, and requests for them that are ready to be sent.
type Site struct {
	*wire.Pool
	target  Target
	hotels  []place
	cities  []string
	auth    [][]byte // header lines by token
	host    []byte   // header line
	pages   [][]byte // GET of hotels, up to their end
	lists   [][]byte // GET of lists
	search  [][]byte // bodies with their length, by city and date
	booking [][]byte // of booking pages, by hotel and date
}

// place is a hotel as the list shows it.
type place struct {
	ID   string `json:"id"`
	City string `json:"city"`
}

const (
	pageLimit = 200
	maxHotels = 10_000 // that requests go to
	maxBodies = 4096   // searches, and booking pages, that are made beforehand
)

// ParseURL takes the address out of a URL. TLS is not spoken: a load generator that encrypts measures itself.
func ParseURL(text string) (address string, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", err
	}
	if u.Scheme != "http" || u.Host == "" || u.Path != "" && u.Path != "/" {
		return "", fmt.Errorf("url %q: want http://host:port, without a path (there is no TLS here; go behind the proxy that ends it)", text)
	}
	if u.Port() == "" {
		return u.Host + ":80", nil
	}
	return u.Host, nil
}

// Open reads which hotels there are.
func Open(ctx context.Context, t Target) (_ *Site, err error) {
	if len(t.Tokens) == 0 {
		return nil, errors.New("no token to ask with")
	}
	if t.CheckIn == 0 {
		t.CheckIn = civil.DateOf(time.Now().AddDate(0, 0, daysAhead).Date())
	}
	if t.Nights == 0 {
		t.Nights = defaultNights
	}
	if t.Days == 0 {
		t.Days = defaultDays
	}
	s := &Site{target: t, host: []byte(" HTTP/1.1\r\nHost: " + t.Address + "\r\n")}
	if s.Pool, err = wire.NewPool(ctx, t.Address, t.Connections); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, token := range t.Tokens {
		s.auth = append(s.auth, []byte("Authorization: Bearer "+token+"\r\n"))
	}
	if err := s.discover(ctx); err != nil {
		return nil, err
	}
	s.prepare()
	return s, nil
}

func (s *Site) discover(ctx context.Context) error {
	seen := map[string]bool{}
	for after := ""; len(s.hotels) < maxHotels; {
		query := "/v1/hotels?limit=" + strconv.Itoa(pageLimit)
		if after != "" {
			query += "&after=" + url.QueryEscape(after)
		}
		var list struct {
			Hotels []place `json:"hotels"`
			Next   *string `json:"next"`
		}
		if err := s.getJSON(ctx, query, &list); err != nil {
			return fmt.Errorf("which hotels are there: %w", err)
		}
		for _, h := range list.Hotels {
			if !seen[h.City] {
				seen[h.City] = true
				s.cities = append(s.cities, h.City)
			}
		}
		s.hotels = append(s.hotels, list.Hotels...)
		if list.Next == nil {
			break
		}
		after = *list.Next
	}
	if len(s.hotels) == 0 {
		return errors.New("the server has no hotels; fill it, for instance with `holdfast serve --demo`")
	}
	return nil
}

func (s *Site) getJSON(ctx context.Context, path string, into any) error {
	return s.Do(ctx, func(b []byte) []byte { return s.get(b, path, 0) }, func(a wire.Answer) error {
		if a.Status != http.StatusOK {
			return a.Unexpected()
		}
		return json.Unmarshal(a.Body, into)
	})
}

// prepare makes the requests.
func (s *Site) prepare() {
	date := func(i int) (from, to string) {
		d := s.target.CheckIn + civil.Date(i*7%s.target.Days)
		return d.String(), (d + civil.Date(s.target.Nights)).String()
	}
	for _, h := range s.hotels {
		s.pages = append(s.pages, []byte("GET /v1/hotels/"+h.ID+string(s.host)))
	}
	for _, city := range s.cities {
		s.lists = append(s.lists, []byte("GET /v1/hotels?limit=20&city="+url.QueryEscape(city)+string(s.host)))
	}
	for i := range min(maxBodies, len(s.cities)*s.target.Days) {
		from, to := date(i / len(s.cities))
		s.search = append(s.search, sized(map[string]any{
			"stay":  map[string]any{"place": s.cities[i%len(s.cities)], "check_in": from, "check_out": to, "rooms": []map[string]int{{"adults": 2}}},
			"limit": searchLimit, "sort": "price",
		}))
	}
	for i := range min(maxBodies, max(len(s.hotels), s.target.Days)) {
		from, to := date(i)
		s.booking = append(s.booking, sized(map[string]any{
			"stay":  map[string]any{"hotel_id": s.hotels[i%len(s.hotels)].ID, "check_in": from, "check_out": to, "rooms": []map[string]int{{"adults": 2}}},
			"limit": searchLimit,
		}))
	}
}

// searchLimit is how many hotels a search shows.
const searchLimit = 20

// sized is a JSON body behind its length and the empty line.
func sized(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings and numbers
	}
	return sizedBytes(body)
}

func sizedBytes(body []byte) []byte {
	return append([]byte("Content-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"), body...)
}

func (s *Site) token(n int64) []byte { return s.auth[n%int64(len(s.auth))] }

// get appends a GET.
func (s *Site) get(b []byte, path string, n int64) []byte {
	b = append(b, "GET "+path...)
	b = append(b, s.host...)
	b = append(b, s.token(n)...)
	return append(b, "\r\n"...)
}

// post appends a POST; body bears its length.
func (s *Site) post(b []byte, path string, n int64, body []byte) []byte {
	b = append(b, "POST "...)
	b = append(b, path...)
	b = append(b, s.host...)
	b = append(b, s.token(n)...)
	return append(b, body...)
}

var offerMark = []byte(`"id":"off_`)

// firstOffer is the offer that an answer names first; "" when nothing is free.
func firstOffer(body []byte) string {
	at := bytes.Index(body, offerMark)
	if at < 0 {
		return ""
	}
	text := body[at+len(`"id":"`):]
	end := bytes.IndexByte(text, '"')
	if end < 0 {
		return ""
	}
	return string(text[:end])
}

// Find searches a city and returns the answer's body.
func (s *Site) Find(ctx context.Context, city string, from, to civil.Date, limit int) (out []byte, err error) {
	body := sized(map[string]any{
		"stay":  map[string]any{"place": city, "check_in": from.String(), "check_out": to.String(), "rooms": []map[string]int{{"adults": 2}}},
		"limit": limit,
	})
	err = s.Do(ctx, func(b []byte) []byte { return s.post(b, "/v1/offers", 0, body) }, func(a wire.Answer) error {
		out = bytes.Clone(a.Body)
		return ok(a)
	})
	return out, err
}

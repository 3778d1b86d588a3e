package rest_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"holdfast/civil"
	"holdfast/fault"
	"holdfast/hotel"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/rest"
	"holdfast/rest/resttest"
)

// The benchmarks here measure the edge alone: the services behind it answer at once. Each runs twice: through the handler,
// which is our own share, and over a connection of the loop-back device to a server as `holdfast serve` has it, which is
// what a request costs the machine with net/http, the kernel and a client that does next to nothing.
//
//	go test ./rest/ -run xxx -bench . -count 6 -cpu 1

// instantDesk answers every placing with the same reservation, or the same refusal.
type instantDesk struct {
	reservation.Service
	answer reservation.Answer
	err    error
}

func (d instantDesk) Place(context.Context, reservation.PlaceRequest) (reservation.Answer, error) {
	return d.answer, d.err
}

// instantHotels finds the same offers whatever is asked.
type instantHotels struct {
	hotel.Service
	found []hotel.Proposal
}

func (h instantHotels) Search(context.Context, hotel.StayQuery) ([]hotel.Proposal, error) {
	return h.found, nil
}

// nowhere is a writer of answers that nobody reads.
type nowhere struct {
	h      http.Header
	status int
}

func (n *nowhere) Header() http.Header         { return n.h }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(status int)      { n.status = status }

// sealedOffer is an offer as long as those of the sealer.
var sealedOffer = "off_" + strings.Repeat("4kdq0w3v9x", 30)

// call is a request with the status its answer must have.
type benchCall struct {
	method, path, body string
	headers            [][2]string
	status             int
}

// bench runs a call both ways.
func bench(b *testing.B, d rest.Deps, c benchCall) {
	b.Helper()
	d.Limits = rest.Limits{Rate: 1e9, Burst: 1e9}
	h := rest.New(d)
	b.Run("handler", func(b *testing.B) { c.handler(b, h) })
	b.Run("wire", func(b *testing.B) { c.wire(b, h) })
}

// cpu reports what the process used of the processors, which is what counts on a machine that others use too.
func cpu(b *testing.B) func() {
	began := used(b)
	return func() { b.ReportMetric(float64(used(b)-began)/float64(b.N)/1e3, "cpu-us/op") }
}

func used(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

type replay struct{ bytes.Reader }

func (*replay) Close() error { return nil }

func (c benchCall) handler(b *testing.B, h http.Handler) {
	made := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
	for _, v := range c.headers {
		made.Header.Set(v[0], v[1])
	}
	b.ReportAllocs()
	body, w := &replay{}, &nowhere{h: http.Header{}}
	defer cpu(b)()
	for b.Loop() {
		r := *made
		body.Reset([]byte(c.body))
		r.Body = body
		clear(w.h)
		w.status = 0
		h.ServeHTTP(w, &r)
		if w.status != c.status {
			b.Fatalf("status %d, want %d", w.status, c.status)
		}
	}
}

func (c benchCall) wire(b *testing.B, h http.Handler) {
	listener, err := new(net.ListenConfig).Listen(b.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := rest.NewServer("", h, nil)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() {
		_ = server.Close()
		<-served
	}()
	conn, err := new(net.Dialer).DialContext(b.Context(), "tcp", listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	var text bytes.Buffer
	fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: x\r\n", c.method, c.path)
	for _, v := range c.headers {
		fmt.Fprintf(&text, "%s: %s\r\n", v[0], v[1])
	}
	fmt.Fprintf(&text, "Content-Length: %d\r\n\r\n%s", len(c.body), c.body)
	reader, status, sent := bufio.NewReaderSize(conn, 64<<10), []byte(strconv.Itoa(c.status)), text.Bytes()
	b.ReportAllocs()
	defer cpu(b)()
	for b.Loop() {
		if _, err := conn.Write(sent); err != nil {
			b.Fatal(err)
		}
		skip(b, reader, status)
	}
}

// skip reads one answer and throws it away.
func skip(b *testing.B, r *bufio.Reader, status []byte) {
	length, chunked, first := 0, false, true
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			b.Fatal(err)
		}
		line = bytes.TrimRight(line, "\r\n")
		switch {
		case first:
			if first = false; !bytes.Contains(line, status) {
				b.Fatalf("answered %s, want %s", line, status)
			}
		case bytes.HasPrefix(line, []byte("Content-Length: ")):
			length, _ = strconv.Atoi(string(line[len("Content-Length: "):]))
		case bytes.Equal(line, []byte("Transfer-Encoding: chunked")):
			chunked = true
		case len(line) == 0 && !chunked:
			_, _ = r.Discard(length)
			return
		case len(line) == 0:
			if _, err := io.Copy(io.Discard, newChunks(r)); err != nil {
				b.Fatal(err)
			}
			return
		}
	}
}

// newChunks reads a chunked body up to its end.
func newChunks(r *bufio.Reader) io.Reader { return &chunks{r: r} }

type chunks struct {
	r    *bufio.Reader
	left int64
	done bool
}

func (c *chunks) Read(b []byte) (int, error) {
	if c.done {
		return 0, io.EOF
	}
	if c.left == 0 {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		if c.left, err = strconv.ParseInt(string(bytes.TrimRight(line, "\r\n")), 16, 64); err != nil {
			return 0, err
		}
		c.left += 2 // the line end behind the chunk
		c.done = c.left == 2
	}
	n, err := c.r.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	return n, err
}

var placingHeaders = [][2]string{
	{"Authorization", "Bearer " + resttest.TravellerToken}, {"Content-Type", "application/json"}, {"Idempotency-Key", "0123456789abcdef0123456789abcdef"},
}

func offerBody() string {
	return `{"items":[{"offer":"` + sealedOffer + `"}],"travellers":[{"given_name":"Mara","family_name":"Lindqvist","email":"mara@example.com"}]}`
}

// BenchmarkPlace is a placing that succeeds: of an offer, and of the plain form, which the edge prices first.
func BenchmarkPlace(b *testing.B) {
	for name, body := range map[string]string{"offer": offerBody(), "plain": placing(stayItem())} {
		b.Run(name, func(b *testing.B) {
			w := resttest.Seed()
			r, err := w.Reservations().Reservation(b.Context(), reservation.Caller{Subject: "traveller-1"}, resttest.HeldID.Text("res"))
			if err != nil {
				b.Fatal(err)
			}
			d := w.Deps()
			d.Reservations = instantDesk{answer: reservation.Answer{Outcome: reservation.OutcomePlaced, Reservation: r}}
			bench(b, d, benchCall{"POST", "/v1/reservations", body, placingHeaders, http.StatusCreated})
		})
	}
}

// BenchmarkSoldOut is a placing that is refused: what most people get when a sale starts.
func BenchmarkSoldOut(b *testing.B) {
	d := resttest.Seed().Deps()
	d.Reservations = instantDesk{err: fault.New(fault.Conflict, "sold_out", "Not enough left for %d nights from %s on.", 3, "2027-06-10")}
	bench(b, d, benchCall{"POST", "/v1/reservations", offerBody(), placingHeaders, http.StatusConflict})
}

// BenchmarkSearch is a search with the 20 best hotels.
func BenchmarkSearch(b *testing.B) {
	w := resttest.Seed()
	found, err := w.Hotels().Search(b.Context(), hotel.StayQuery{Hotel: resttest.HotelID, CheckIn: civil.DateOf(2027, 6, 10), CheckOut: civil.DateOf(2027, 6, 13), Rooms: []offer.Party{{Adults: 2}}, Limit: 20})
	if err != nil || len(found) == 0 {
		b.Fatal(err, len(found))
	}
	d, twenty := w.Deps(), make([]hotel.Proposal, 20)
	for i := range twenty {
		twenty[i] = found[0]
		twenty[i].Sealed = sealedOffer
	}
	d.Hotels = instantHotels{w.Hotels(), twenty}
	body := `{"stay":{"place":"Lisbon","check_in":"2027-06-10","check_out":"2027-06-13","rooms":[{"adults":2}]},"sort":"price","limit":20}`
	bench(b, d, benchCall{"POST", "/v1/offers", body, placingHeaders[:2], http.StatusOK})
}

// BenchmarkHotel is a page view: the hotel with its room types, and the same for who has it already.
func BenchmarkHotel(b *testing.B) {
	bench(b, resttest.Seed().Deps(), benchCall{"GET", theHotel, "", nil, http.StatusOK})
}

// BenchmarkHotelFresh is a page view of somebody who has the page.
func BenchmarkHotelFresh(b *testing.B) {
	bench(b, resttest.Seed().Deps(), benchCall{"GET", theHotel, "", [][2]string{{"If-None-Match", `"7-public"`}}, http.StatusNotModified})
}

// BenchmarkReservation is the page of a reservation.
func BenchmarkReservation(b *testing.B) {
	bench(b, resttest.Seed().Deps(), benchCall{"GET", heldOne, "", placingHeaders[:1], http.StatusOK})
}

// BenchmarkInvalid is a body that breaks a rule.
func BenchmarkInvalid(b *testing.B) {
	bench(b, resttest.Seed().Deps(), benchCall{"POST", "/v1/reservations", placing(stayItem("rooms: 0")), placingHeaders, http.StatusUnprocessableEntity})
}

package linear

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"holdfast/fault"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/stock"
	"holdfast/test/prove/effort"
	"holdfast/test/prove/rig"
	"holdfast/uid"
)

// The train of a history.
const (
	seatUnits    = 2
	seatSegments = 3
	seatClients  = 5
	seatCalls    = 20
)

// seatCall is the input of an operation on a train: board, board with a named seat, change to a named seat, alight, look.
type seatCall struct {
	what     string
	process  int
	number   int // of the reservation, from 1
	from, to int
	unit     byte // that is named; 0: any
}

// seatAnswer is the output.
type seatAnswer struct {
	refused string
	unit    byte                           // that was given
	taken   [seatUnits * seatSegments]bool // of look
}

// berths is the state: which reservation has which seat on which segment; 0 for nobody.
type berths [seatUnits * seatSegments]byte

func at(unit byte, segment int) int { return int(unit-1)*seatSegments + segment }

func (b berths) free(unit byte, c seatCall, but int) bool {
	for s := c.from; s < c.to; s++ {
		if who := b[at(unit, s)]; who != 0 && int(who) != but {
			return false
		}
	}
	return true
}

func (b berths) take(unit byte, c seatCall) berths {
	for s := c.from; s < c.to; s++ {
		b[at(unit, s)] = byte(c.number)
	}
	return b
}

// has is the unit that a reservation has; 0 when it is over.
func (b berths) has(number int) byte {
	if i := slices.Index(b[:], byte(number)); i >= 0 {
		return byte(i/seatSegments + 1)
	}
	return 0
}

func (b berths) without(number int) berths {
	for i := range b {
		if int(b[i]) == number {
			b[i] = 0
		}
	}
	return b
}

// full says that some segment of the way has no free seat at all, as the counters see it.
func (b berths) full(c seatCall) bool {
	for s := c.from; s < c.to; s++ {
		one := c
		one.from, one.to = s, s+1
		if !b.free(1, one, 0) && !b.free(2, one, 0) {
			return true
		}
	}
	return false
}

// step is the whole specification.
func (b berths) step(c seatCall, a seatAnswer) (bool, berths) {
	switch c.what {
	case "board":
		switch a.refused {
		case "sold_out":
			return b.full(c), b
		case "no_single_seat":
			return c.unit == 0 && !b.full(c) && !b.free(1, c, 0) && !b.free(2, c, 0), b
		case "seat_unavailable":
			return c.unit != 0 && !b.full(c) && !b.free(c.unit, c, 0), b
		}
		return a.refused == "" && (c.unit == 0 || a.unit == c.unit) && b.free(a.unit, c, 0), b.take(a.unit, c)
	case "change":
		switch a.refused {
		case "not_changeable":
			return b.has(c.number) == 0, b
		case "seat_unavailable":
			return b.has(c.number) != 0 && !b.free(c.unit, c, c.number), b
		}
		return a.refused == "" && a.unit == c.unit && b.has(c.number) != 0 && b.free(c.unit, c, c.number), b.without(c.number).take(c.unit, c)
	case "alight":
		return a.refused == "", b.without(c.number)
	case "look":
		for i, taken := range a.taken {
			if taken != (b[i] != 0) {
				return false, b
			}
		}
		return true, b
	}
	return false, b
}

func seatModel() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return berths{} },
		Step: func(s, in, out any) (bool, any) {
			now, ok1 := s.(berths)
			c, ok2 := in.(seatCall)
			a, ok3 := out.(seatAnswer)
			if !ok1 || !ok2 || !ok3 {
				return false, s
			}
			return now.step(c, a)
		},
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v -> %+v", in, out) },
	}
}

// TestLinearSeats lets clients of one and two processes board a train of two seats, name seats, change, alight and look at
// the seat map, and has every history judged: which seat anybody got is part of it.
func TestLinearSeats(t *testing.T) {
	for _, shape := range []rig.Shape{rig.SQLite, rig.Postgres, rig.Pair} {
		t.Run(shape.Name, func(t *testing.T) {
			w := seatWorld(t, shape)
			came := map[string]int{}
			for _, seed := range effort.Seeds(t, 1, shortForm) {
				history := recordSeats(t, w, seed)
				for _, o := range history {
					c, a := seatOperation(o)
					came[strings.TrimSpace(c.what+" "+a.refused)]++
				}
				if got := porcupine.CheckOperationsTimeout(seatModel(), history, judgeWithin); got != porcupine.Ok {
					slices.SortFunc(history, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
					for _, o := range history {
						t.Logf("%12v %12v client %d: %+v -> %+v", time.Duration(o.Call), time.Duration(o.Return), o.ClientId, o.Input, o.Output)
					}
					t.Fatalf("seed %d on %s is judged %s; %s", seed, shape.Name, got, effort.Repeat("linear", seed))
				}
			}
			t.Logf("operations: %v", came)
		})
	}
}

// TestRedSeats turns refusals of a real history into sales, one at a time: each must be judged not linearizable.
func TestRedSeats(t *testing.T) {
	w := seatWorld(t, rig.SQLite)
	turned := 0
	for seed := uint64(1); seed <= 3; seed++ {
		history := recordSeats(t, w, seed)
		for i, o := range history {
			c, a := seatOperation(o)
			if c.what != "board" || a.refused == "" {
				continue
			}
			red := slices.Clone(history)
			red[i].Output = seatAnswer{unit: max(c.unit, 1)}
			if got := porcupine.CheckOperationsTimeout(seatModel(), red, judgeWithin); got != porcupine.Illegal {
				t.Errorf("seed %d: %+v answered with a seat instead of %s is judged %s", seed, c, a.refused, got)
			}
			if turned++; turned%10 == 0 {
				break
			}
		}
	}
	if turned == 0 {
		t.Error("nobody was refused")
	}
}

// seatWorld has no early refusals: what they may say late is TestLinear's.
func seatWorld(t *testing.T, shape rig.Shape) *rig.World {
	t.Helper()
	return rig.Open(t, shape, rig.Options{Settings: func(s *reservation.Settings) {
		s.BelieveFor = 0
		s.Caps.HoldsPerPool, s.Caps.UnitsPerPool = 1000, 1000
	}})
}

func seatOperation(o porcupine.Operation) (seatCall, seatAnswer) {
	c, ok1 := o.Input.(seatCall)
	a, ok2 := o.Output.(seatAnswer)
	if !ok1 || !ok2 {
		panic(fmt.Sprintf("an operation of %T and %T", o.Input, o.Output))
	}
	return c, a
}

// seatHistory is what clients saw of one train.
type seatHistory struct {
	world  *rig.World
	base   time.Time
	pool   stock.PoolID
	offers map[[2]int]string

	mu         sync.Mutex
	operations []porcupine.Operation
	aboard     []boarded
	numbers    int
}

type boarded struct {
	seatCall
	r *reservation.Reservation
}

func recordSeats(t *testing.T, w *rig.World, seed uint64) []porcupine.Operation {
	t.Helper()
	h := &seatHistory{world: w, base: time.Now(), pool: w.Train(t, seatUnits, seatSegments), offers: map[[2]int]string{}}
	for from := range seatSegments {
		for to := from + 1; to <= seatSegments; to++ {
			h.offers[[2]int{from, to}] = w.Ride(t, offer.Train, rig.Part{Pool: h.pool, From: stock.Slot(from), To: stock.Slot(to), Travellers: 1})
		}
	}
	var running sync.WaitGroup
	for n := range seatClients {
		running.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(n)))
			for range seatCalls {
				if err := h.act(n, random); err != nil {
					t.Errorf("client %d: %v", n, err)
					return
				}
			}
		})
	}
	running.Wait()
	if err := h.look(seatClients, 0); err != nil { // what it has come to is part of the history
		t.Error(err)
	}
	return h.operations
}

func (h *seatHistory) note(client int, c seatCall, a seatAnswer, called time.Duration) {
	ended := time.Since(h.base)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.operations = append(h.operations, porcupine.Operation{ClientId: client, Input: c, Output: a, Call: int64(called), Return: int64(ended)})
}

func (h *seatHistory) act(client int, random *rand.Rand) error {
	process := client % len(h.world.Cores)
	switch n := random.IntN(20); {
	case n < 8:
		return h.board(client, process, random)
	case n < 11:
		return h.look(client, process)
	default:
		h.mu.Lock()
		recent := h.aboard[max(0, len(h.aboard)-4):]
		var b boarded
		if len(recent) > 0 {
			b = recent[random.IntN(len(recent))]
		}
		h.mu.Unlock()
		switch {
		case b.r == nil:
			return h.board(client, process, random)
		case n < 15:
			return h.alight(client, process, b)
		}
		return h.change(client, process, b, byte(1+random.IntN(seatUnits)))
	}
}

// refusal takes a conflict as an answer.
func refusal(err error) (string, error) {
	if err == nil {
		return "", nil
	}
	if f := fault.As(err); f.Kind == fault.Conflict {
		return f.Reason, nil
	}
	return "", err
}

func (h *seatHistory) board(client, process int, random *rand.Rand) error {
	c := seatCall{what: "board", process: process, from: random.IntN(seatSegments)}
	c.to = c.from + 1 + random.IntN(seatSegments-c.from)
	q := reservation.PlaceRequest{Caller: rig.As(caller), Offers: []string{h.offers[[2]int{c.from, c.to}]}, Travellers: rig.Guests}
	if random.IntN(3) == 0 {
		c.unit = byte(1 + random.IntN(seatUnits))
		q.Seats = []reservation.SeatChoice{{Labels: []string{rig.Seat(int(c.unit) - 1)}}}
	}
	h.mu.Lock()
	h.numbers++
	c.number = h.numbers
	h.mu.Unlock()
	called := time.Since(h.base)
	got, err := h.world.Cores[process].Place(context.Background(), q)
	var a seatAnswer
	if a.refused, err = refusal(err); err != nil {
		return err
	}
	if a.refused == "" {
		a.unit = byte(got.Reservation.Items[0].Seats[0].Unit)
		h.mu.Lock()
		h.aboard = append(h.aboard, boarded{c, got.Reservation})
		h.mu.Unlock()
	}
	h.note(client, c, a, called)
	return nil
}

func (h *seatHistory) alight(client, process int, b boarded) error {
	c := seatCall{what: "alight", process: process, number: b.number}
	called := time.Since(h.base)
	if err := h.world.Cores[process].Release(context.Background(), rig.As(caller), b.r.ID.Text("res")); err != nil && !fault.Is(err, "not_cancellable") {
		return err
	}
	h.note(client, c, seatAnswer{}, called)
	return nil
}

func (h *seatHistory) change(client, process int, b boarded, unit byte) error {
	c := b.seatCall
	c.what, c.process, c.unit = "change", process, unit
	called := time.Since(h.base)
	got, err := h.world.Cores[process].ChangeSeats(context.Background(), rig.As(caller), b.r.ID.Text("res"), b.r.Items[0].ID.Text("itm"),
		reservation.SeatChoice{Labels: []string{rig.Seat(int(unit) - 1)}}, reservation.Idempotency{ID: uid.New(), Request: uid.ID{1}})
	var a seatAnswer
	if a.refused, err = refusal(err); err != nil {
		return err
	}
	if a.refused == "" {
		a.unit = byte(got.Reservation.Items[0].Seats[0].Unit)
	}
	h.note(client, c, a, called)
	return nil
}

func (h *seatHistory) look(client, process int) error {
	called := time.Since(h.base)
	units, err := h.world.Cores[process].Units(context.Background(), h.pool)
	if err != nil {
		return err
	}
	var a seatAnswer
	for unit := byte(1); unit <= seatUnits; unit++ {
		for s := range seatSegments {
			a.taken[at(unit, s)] = !units.Free(int32(unit), stock.Slot(s), stock.Slot(s+1))
		}
	}
	h.note(client, seatCall{what: "look", process: process}, a, called)
	return nil
}

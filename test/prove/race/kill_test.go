package race

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"holdfast/fault"
	"holdfast/offer"
	"holdfast/reservation"
	"holdfast/reservation/postgres"
	"holdfast/reservation/sqlite"
	"holdfast/stock"
	"holdfast/test/engine"
	"holdfast/test/prove/books"
	"holdfast/test/prove/effort"
	"holdfast/test/prove/rig"
	"holdfast/uid"
)

const (
	killRounds  = 3
	killClients = 32
	killSeats   = 2_000
	killEnv     = "HOLDFAST_PROVE_KILL_SEATS" // tells a test process that it is the one to be killed: engine, where, seed
)

// TestKillSeats lets a process sell, change and give back seats, and kills it with SIGKILL after some hundred answers. Every
// seat that was acknowledged is there, as it was acknowledged last, nobody has it twice, and the next process goes on.
func TestKillSeats(t *testing.T) {
	for _, shape := range bothEngines {
		t.Run(shape.Name, func(t *testing.T) {
			where, read := killStore(t, shape)
			var want books.Expect
			told := map[uid.ID]string{}
			answers := 0
			for _, seed := range effort.Seeds(t, 1, killRounds) {
				k := &killed{told: told}
				k.run(t, shape, where, seed)
				answers += k.answers
				want.Unknown += killClients // under way when the process died
				want.Acks = want.Acks[:0]
				for id := range told {
					want.Acks = append(want.Acks, books.Ack{ID: id, May: []int64{books.Held, books.Cancelled}})
				}
				b := read()
				for _, f := range b.Findings(want) {
					t.Errorf("after seed %d: %s", seed, f)
				}
				seatsAreThere(t, b, told)
				if t.Failed() {
					t.Fatal(effort.Repeat("kill", seed))
				}
			}
			t.Logf("%d answers before %d kills, %d reservations", answers, len(effort.Seeds(t, 1, killRounds)), len(told))
		})
	}
}

// killStore makes an empty store, and says how to read it when nobody has it.
func killStore(t *testing.T, shape rig.Shape) (where string, read func() *books.Books) {
	t.Helper()
	if shape.Postgres {
		dsn := engine.Postgres(t)
		rig.Check(t, postgres.Migrate(t.Context(), dsn))
		return dsn, func() *books.Books { return rig.Must[*books.Books](t)(books.Postgres(t.Context(), dsn)) }
	}
	file := filepath.Join(t.TempDir(), "reservation.db")
	rig.Check(t, sqlite.Migrate(t.Context(), file))
	return file, func() *books.Books { return rig.Must[*books.Books](t)(books.SQLite(t.Context(), file)) }
}

// What a reservation was told besides a seat.
const (
	under   = "?" // a change is under way
	givenUp = "-"
)

// seatsAreThere compares what was told last with the claims.
func seatsAreThere(t *testing.T, b *books.Books, told map[uid.ID]string) {
	t.Helper()
	has := map[uid.ID]string{}
	for _, c := range b.Claims {
		if c.Unit != 0 && c.Life != 3 {
			has[c.Reservation] = rig.Seat(int(c.Unit) - 1)
		}
	}
	for id, seat := range told {
		if seat == under || seat == givenUp && has[id] == "" {
			continue
		}
		if has[id] != seat {
			t.Errorf("reservation %s was told %q and has %q", id.Text("res"), seat, has[id])
		}
	}
}

// killed is one process from its start to its end.
type killed struct {
	told    map[uid.ID]string
	answers int
}

func (k *killed) run(t *testing.T, shape rig.Shape, where string, seed uint64) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 9))
	until := 100 + random.IntN(400)
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKilledProcess$", "-test.v")
	cmd.Env = append(os.Environ(), killEnv+"="+strings.Join([]string{shape.Name, where, fmt.Sprint(seed)}, "\n"), "TMPDIR="+t.TempDir())
	out := rig.Must[io.Reader](t)(output(cmd))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		word := strings.Fields(lines.Text())
		if len(word) != 3 || word[0] != "told" {
			said = append(said, lines.Text())
			continue
		}
		id, err := uid.Parse("res", word[1])
		if err != nil {
			t.Fatal(err)
		}
		k.told[id] = word[2]
		if k.answers++; k.answers == until {
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || k.answers < until {
		t.Fatalf("the process ended by itself after %d answers: %v\n%s", k.answers, err, strings.Join(said, "\n"))
	}
}

func output(cmd *exec.Cmd) (io.Reader, error) { return cmd.StdoutPipe() }

// TestKilledProcess is the process that TestKillSeats kills; alone it does nothing.
func TestKilledProcess(t *testing.T) {
	words := strings.Split(os.Getenv(killEnv), "\n")
	if len(words) != 3 {
		t.Skip("TestKillSeats starts it")
	}
	shape, o := rig.SQLite, rig.Options{File: words[1], Node: "killed"}
	if words[0] == rig.Postgres.Name {
		shape, o = rig.Postgres, rig.Options{DSN: words[1], Node: "killed"}
	}
	var seed uint64
	if _, err := fmt.Sscan(words[2], &seed); err != nil {
		t.Fatal(err)
	}
	w := rig.Open(t, shape, o)
	s := &sales{world: w, pool: w.Train(t, killSeats, nights), name: fmt.Sprint("seed-", seed)}
	var running sync.WaitGroup
	for n := range killClients {
		running.Go(func() { s.sell(t, n, rand.New(rand.NewPCG(seed, uint64(n)))) })
	}
	running.Wait() // sold out: the parent says so
}

// sales are what the process does until it dies.
type sales struct {
	world *rig.World
	pool  stock.PoolID
	name  string // of callers and keys: each process has its own
	mu    sync.Mutex
}

// tell says what a client was told, at once.
func (s *sales) tell(id uid.ID, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = fmt.Fprintf(os.Stdout, "told %s %s\n", id.Text("res"), what)
}

func (s *sales) sell(t *testing.T, n int, random *rand.Rand) {
	ctx, core := context.Background(), s.world.Cores[0]
	parts := [][2]stock.Slot{{0, 3}, {0, 1}, {1, 3}, {2, 3}}
	for i := 0; ; i++ {
		who, part := fmt.Sprintf("%s-client-%d-%d", s.name, n, i), parts[random.IntN(len(parts))]
		a, err := core.Place(ctx, reservation.PlaceRequest{
			Caller: rig.As(who), Travellers: rig.Guests, Offers: []string{s.world.Ride(t, offer.Train, rig.Part{Pool: s.pool, From: part[0], To: part[1], Travellers: 1})},
		})
		if fault.Is(err, "sold_out") {
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		r := a.Reservation
		s.tell(r.ID, r.Items[0].Seats[0].Label)
		if random.IntN(2) == 0 {
			s.tell(r.ID, under)
			seat := rig.Seat(random.IntN(killSeats))
			a, err := core.ChangeSeats(ctx, rig.As(who), r.ID.Text("res"), r.Items[0].ID.Text("itm"), reservation.SeatChoice{Labels: []string{seat}}, rig.Key(who+"-change"))
			switch {
			case err == nil:
				r = a.Reservation
			case !slices.Contains(seatRefusals, fault.As(err).Reason):
				t.Error(err)
				return
			}
			s.tell(r.ID, r.Items[0].Seats[0].Label)
		}
		if random.IntN(4) == 0 {
			s.tell(r.ID, under)
			if err := core.Release(ctx, rig.As(who), r.ID.Text("res")); err != nil {
				t.Error(err)
				return
			}
			s.tell(r.ID, givenUp)
		}
	}
}

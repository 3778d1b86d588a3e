package reservation

import (
	"math"
	"sync/atomic"

	"holdfast/stock"
)

// worthOverlap is how many commands must wait before a batch is begun while another one of the lane is under way. Fewer
// are better off waiting for its end: a batch has a price of its own, of about twenty placings.
const worthOverlap = 64

// lane is a queue of commands and the two clerks who work it off.
type lane struct {
	live chan *command
	bulk chan *command
	turn chan struct{} // holds one token: that of the clerk who gathers a batch, until its rules have run

	worth  int32         // worthOverlap, or a whole batch where that is less
	under  atomic.Int32  // commands of the batches under way
	wanted atomic.Int32  // how many live commands the clerk who gathers waits for
	news   chan struct{} // so many wait, or a batch has ended
}

func newLane(s Settings) *lane {
	l := &lane{
		live: make(chan *command, s.Queue), bulk: make(chan *command, s.Queue), turn: make(chan struct{}, 1), news: make(chan struct{}, 1),
		worth: int32(min(worthOverlap, s.BatchCommands)),
	}
	l.wanted.Store(math.MaxInt32)
	return l
}

// entered tells the clerk who waits for enough commands that there is one more.
func (l *lane) entered() {
	if len(l.live)+1 >= int(l.wanted.Load()) { // and the one it has in hand
		l.tell()
	}
}

func (l *lane) tell() {
	select {
	case l.news <- struct{}{}:
	default: // told already
	}
}

// begin and end frame a batch; end is given what begin gave.
func (l *lane) begin(batch []*command) (size int32) {
	size = int32(len(batch))
	l.under.Add(size)
	return size
}

func (l *lane) end(size int32) {
	l.under.Add(-size)
	l.tell()
}

// first waits for a command, live work first; false once the live queue has closed and run dry. While another batch is
// under way it waits until enough others wait too.
func (l *lane) first() (*command, bool) {
	c, ok := l.next()
	if ok && !c.bulk {
		l.enough()
	}
	return c, ok
}

func (l *lane) next() (*command, bool) {
	select {
	case c, ok := <-l.live:
		return c, ok
	default:
	}
	select {
	case c, ok := <-l.live:
		return c, ok
	case c := <-l.bulk:
		return c, true
	}
}

// enough returns when no other batch is under way, or when as many wait as make a batch of their own worthwhile.
func (l *lane) enough() {
	defer l.wanted.Store(math.MaxInt32)
	for {
		under := l.under.Load()
		wanted := max(l.worth, under/2)
		l.wanted.Store(wanted)
		if under == 0 || len(l.live)+1 >= int(wanted) {
			return
		}
		<-l.news
	}
}

// share is how many commands a batch takes: all, or while another one is under way half of all that are on the desk, so
// that the two stay equal and each has something to do while the other is written.
func (l *lane) share(first *command) int {
	under := int(l.under.Load())
	if under == 0 || first.bulk {
		return math.MaxInt
	}
	return max(int(l.worth), (under+len(l.live)+2)/2)
}

// collect takes what waits, up to the bounds of a batch. Bulk work gets what live commands leave, but at least its
// share.
func (k *desk) collect(l *lane, first *command) []*command {
	most := min(k.settings.BatchCommands, l.share(first))
	batch, rows := []*command{first}, first.rows
	fill := func(from chan *command, bound int) {
		for len(batch) < most && rows < bound {
			select {
			case c, ok := <-from:
				if !ok {
					return
				}
				batch = append(batch, c)
				rows += c.rows
			default:
				return
			}
		}
	}
	share := 0
	if len(l.bulk) > 0 {
		share = max(1, k.settings.BatchRows/bulkShare)
	}
	fill(l.live, k.settings.BatchRows-share)
	if len(batch) == 1 && first.bulk {
		share = max(share, k.settings.BatchRows/bulkAlone)
	}
	fill(l.bulk, min(k.settings.BatchRows, rows+share)) // its share and no more: somebody may wait for this batch
	kept := batch[:0]
	for _, c := range batch {
		if c.dropped.Load() {
			k.answer(c)
			continue
		}
		kept = append(kept, c)
	}
	return kept
}

// clerk decides batches of a lane, one at a time, and writes its events to a stream of its own.
type clerk struct {
	lane   *lane
	stream string
	turn   bool // has the lane's turn
}

func (c *clerk) takeTurn() {
	c.lane.turn <- struct{}{}
	c.turn = true
}

// passTurn lets the other clerk gather its batch; again, it does nothing.
func (c *clerk) passTurn() {
	if c.turn {
		c.turn = false
		<-c.lane.turn
	}
}

// laneOf spreads pools over lanes; Fibonacci hashing keeps neighbouring ids apart.
func laneOf(pool stock.PoolID, lanes int) int {
	return int(uint64(pool) * 0x9e3779b97f4a7c15 >> 32 % uint64(lanes))
}

package flight

import (
	"encoding/hex"
	"slices"
	"strconv"
	"time"

	"holdfast/flight/fare"
	"holdfast/stock"
	"holdfast/uid"
)

// What reservation is to have of a departure follows from the departure alone. A command says that it has to be looked
// at; sending it twice does no harm, since everything it comes to is absolute.

// poolWant is a pool that a departure should have, and how it should be.
type poolWant struct {
	pool     Pool     // with its id where it is there
	ref      uid.ID   // of one that is not
	seats    *laidOut // of a cabin's own pool; else nil
	physical int32    // of a nest: what it may sell
	overbook int32
	target   *int32 // of a cabin's own pool that is to sell less than it has
	closed   bool
	only     bool // open or closed is all that is wanted
}

// wants are the pools a departure should have, in the order of the tariff; nil when nothing says how it is sold.
func (c *Core) wants(d *Departure) []poolWant {
	c.catalogue.mu.RLock()
	t, a := c.catalogue.tariffs[d.Supplier], c.catalogue.aircraft[d.Aircraft]
	c.catalogue.mu.RUnlock()
	if t == nil || a == nil || len(d.Legs) == 0 {
		return nil
	}
	out := []poolWant{}
	next := nextEdition(d.Pools)
	for i := range t.Cabins {
		cabin := &t.Cabins[i]
		seats := c.laidOut(a, cabin.Name)
		if seats == nil {
			continue
		}
		capacity := int32(len(seats.layout.Units))
		form := seats.form(d, cabin)
		overbooking := d.overbooking(cabin)
		limits := fare.NestLimits(stock.New(capacity, overbooking).Target, d.protected(cabin, capacity))
		for k := range cabin.Classes {
			w := poolWant{pool: Pool{Cabin: cabin.Name, Form: form, Edition: next}, closed: d.closed()}
			if k == 0 {
				w.seats, w.overbook = seats, overbooking
				w.pool.Top, w.pool.Units = cabin.Classes[0].Code, capacity
			} else {
				w.pool.Class, w.physical = cabin.Classes[k].Code, limits[k]
			}
			if there := d.formed(&w.pool); there != nil {
				w.pool = *there
				w.pool.Conflict = false
			} else {
				w.ref = w.pool.ref(d.ID)
			}
			out = append(out, w)
		}
	}
	return out
}

// ref is what reservation knows a pool by. Pools of an edition that was given up are never found again.
func (p *Pool) ref(departure uid.ID) uid.ID {
	return derived("pool", departure, p.Cabin, p.Class, p.Form, strconv.Itoa(int(p.Edition)))
}

// edition is the last edition of the pools of a departure.
func edition(pools []Pool) (last int32) {
	for i := range pools {
		last = max(last, pools[i].Edition)
	}
	return last
}

// nextEdition is the edition of pools that are made now. It is the same until they are noted.
func nextEdition(pools []Pool) int32 {
	if len(pools) == 0 {
		return 0
	}
	return edition(pools) + 1
}

// bury remembers an edition of pools that have been given up, where none that follows does.
func bury(pools []Pool, last int32) []Pool {
	pools = slices.DeleteFunc(pools, func(p Pool) bool { return p.Buried })
	if len(pools) == 0 || edition(pools) < last {
		pools = append(pools, Pool{Gone: true, Buried: true, Edition: last})
	}
	return pools
}

// withdrawn says that a pool is of a way that is no longer taken, and those on it are to be told.
func (p Pool) withdrawn() bool { return p.Gone && !p.Buried }

// goneAll marks pools as of a way that is no longer taken.
func goneAll(pools []Pool) []Pool {
	pools = slices.Clone(pools)
	for i := range pools {
		pools[i].Gone = true
	}
	return pools
}

// closed says that nothing of the departure is sold.
func (d *Departure) closed() bool { return !d.sells() || d.Control != nil && d.Control.Closed }

// formed is the pool that is there of one that is wanted; nil for none of that form.
func (d *Departure) formed(want *Pool) *Pool {
	for i := range d.Pools {
		if p := &d.Pools[i]; p.Cabin == want.Cabin && p.Class == want.Class && p.Form == want.Form && !p.Gone {
			return p
		}
	}
	return nil
}

// divided is a cabin of the tariff as the pools of a departure divide it, which are older than the tariff where somebody
// has a seat. gone has a bit for each class that the tariff no longer has: it is claimed, and not sold. nil: no pools.
func (d *Departure) divided(c *Cabin) (out *Cabin, gone uint32) {
	var codes []string
	for i := range d.Pools {
		switch p := &d.Pools[i]; {
		case p.Cabin != c.Name || p.Gone:
		case p.Class == "" && p.Top == "": // of the tariff's highest class
			codes = append(codes, c.Classes[0].Code)
		case p.Class == "":
			codes = append(codes, p.Top)
		default:
			codes = append(codes, p.Class)
		}
	}
	if len(codes) == 0 {
		return nil, 0
	}
	if slices.EqualFunc(codes, c.Classes, func(code string, k Class) bool { return code == k.Code }) {
		return c, 0
	}
	copied := *c
	copied.Classes = make([]Class, len(codes))
	for k, code := range codes {
		copied.Classes[k] = Class{Code: code}
		if n := slices.IndexFunc(c.Classes, func(x Class) bool { return x.Code == code }); n >= 0 {
			copied.Classes[k] = c.Classes[n]
		} else {
			gone |= 1 << k
		}
	}
	return &copied, gone
}

// laidOut is the layout of a cabin of an aircraft type, under its name.
type laidOut struct {
	layout *stock.Layout
	id     uid.ID
}

// cabinOfType names one cabin of one revision of an aircraft type.
type cabinOfType struct {
	aircraft *Aircraft
	cabin    string
}

// laidOut remembers layouts: thousands of departures share a few. nil for a cabin without seats.
func (c *Core) laidOut(a *Aircraft, cabin string) *laidOut {
	key := cabinOfType{a, cabin}
	if known, ok := c.cabins.Load(key); ok {
		if l, ok := known.(*laidOut); ok {
			return l
		}
	}
	var l *laidOut
	if layout := a.layout(cabin); layout != nil {
		l = &laidOut{layout, layout.ID()}
	}
	c.cabins.Store(key, l)
	return l
}

// form is what pools are made for and cannot be changed: their seats, what their slots mean, and the booking classes they
// are nested by. A nest that came later would know nothing of what was sold below it.
func (l *laidOut) form(d *Departure, c *Cabin) string {
	parts := []string{d.way()}
	for k := range c.Classes {
		parts = append(parts, c.Classes[k].Code)
	}
	id := derived("form", l.id, parts...)
	return hex.EncodeToString(id[:5])
}

func (d *Departure) overbooking(c *Cabin) int32 {
	if d.Control != nil {
		if bp, ok := d.Control.OverbookingBP[c.Name]; ok {
			return bp
		}
	}
	return c.OverbookingBP
}

// protected are the seats kept for each booking class of a cabin from all lower ones.
func (d *Departure) protected(c *Cabin, capacity int32) []int32 {
	out := make([]int32, len(c.Classes))
	for k := range c.Classes {
		class := &c.Classes[k]
		out[k] = int32(int64(capacity) * int64(class.ProtectedBP) / 10_000)
		if d.Control != nil {
			if n, ok := d.Control.Protected[class.Code]; ok {
				out[k] = n
			}
		}
	}
	return out
}

// onSale says whether a departure should have pools by now.
func (c *Core) onSale(d *Departure, now time.Time) bool {
	return d.runs() && d.departs().After(now) && d.departs().Before(now.AddDate(0, 0, c.settings.Horizon))
}

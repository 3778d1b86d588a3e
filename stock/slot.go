// Package stock holds the pure rules of what can be sold: pools cut into a line of slots, claims on half-open
// intervals of it, limits with overbooking, and units as bit masks. It does no I/O and knows no clock.
//
// A pool is a room type of a hotel, a cabin of a departure, a class of a train run; its slots are nights, legs or
// stop-to-stop segments. The rules here are the only place that changes the counters of a slot.
package stock

import (
	"errors"
	"fmt"
	"math"
)

// PoolID numbers a pool inside the stores; public ids map to it once.
type PoolID int64

// Slot is one step of a pool's line: days since 1970-01-01 for nights, else a sequence.
type Slot int32

// FirstDay divides the slots: lines of legs and segments are counted from 0 and stay below, days are above (they have
// been since 1997). So whoever follows the stock knows nights from rides without knowing the pool.
const FirstDay Slot = 10_000

// IsDay reports whether the slot is a day, not a step of a sequence.
func (s Slot) IsDay() bool { return s >= FirstDay }

// Key names one slot of one pool.
type Key struct {
	Pool PoolID
	Slot Slot
}

// Compare orders keys by pool, then slot: the order in which rows are locked.
func (k Key) Compare(o Key) int {
	switch {
	case k.Pool < o.Pool:
		return -1
	case k.Pool > o.Pool:
		return 1
	case k.Slot < o.Slot:
		return -1
	case k.Slot > o.Slot:
		return 1
	}
	return 0
}

// Counters is the state of one slot. Only the methods below change it; each leaves Check() == nil.
type Counters struct {
	Physical      int32 // units that exist
	OutOfOrder    int32 // of those, taken off sale (may exceed Physical after a reduction)
	OverbookingBP int32 // share sold beyond the capacity, in 1/10,000; may be negative to keep some back
	Target        int32 // what staff want to be sellable
	ByHand        bool  // Target was set by hand and does not follow capacity and overbooking
	Limit         int32 // what is enforced: max(Target, Held+Sold)
	Closed        bool  // stop-sell; touches neither Target nor Limit
	Held          int32 // claimed by reservations not yet paid
	Sold          int32 // claimed by confirmed reservations
}

// MaxUnits bounds counts so that sums of a slot can never overflow.
const MaxUnits = 1_000_000

// MaxOverbookingBP allows a limit of at most three times the capacity.
const MaxOverbookingBP = 20_000

// Refusals of a change. They carry no data: the caller knows what it asked for.
var (
	ErrSoldOut = errors.New("sold out")           // fewer units are free than asked for
	ErrClosed  = errors.New("closed for sale")    // stop-sell
	ErrBroken  = errors.New("broken invariant")   // the counters contradict the command: a defect, never the caller's
	ErrRange   = errors.New("value out of range") // a number no slot can hold
)

// New is an empty slot of physical units with overbooking in basis points.
func New(physical, overbookingBP int32) Counters {
	c := Counters{Physical: physical, OverbookingBP: overbookingBP}
	c.retarget()
	return c
}

// Capacity is what physically can be given out: units that exist minus those out of order.
func (c Counters) Capacity() int32 { return max(0, c.Physical-c.OutOfOrder) }

// Free is how many units may be claimed now.
func (c Counters) Free() int32 {
	if c.Closed {
		return 0
	}
	return max(0, c.Target-c.Held-c.Sold)
}

// Oversold is by how much more is claimed than staff want to be sellable: guests to walk, passengers to re-seat.
func (c Counters) Oversold() int32 { return max(0, c.Held+c.Sold-c.Target) }

// DerivedTarget is floor(capacity x (10,000 + overbooking) / 10,000): 4 rooms + 10 % = 4, 10 rooms + 10 % = 11.
func (c Counters) DerivedTarget() int32 {
	return int32(max(0, int64(c.Capacity())*(10_000+int64(c.OverbookingBP))/10_000))
}

// retarget follows capacity and overbooking unless the target was set by hand, then enforces it as far as what is
// already claimed allows.
func (c *Counters) retarget() {
	if !c.ByHand {
		c.Target = c.DerivedTarget()
	}
	c.relimit()
}

func (c *Counters) relimit() { c.Limit = max(c.Target, c.Held+c.Sold) }

// Hold claims n free units for an unpaid reservation.
func (c *Counters) Hold(n int32) error {
	if err := c.Admits(n); err != nil {
		return err
	}
	c.Held += n
	c.relimit()
	return nil
}

// Admits says whether n more units may be claimed, without doing it.
func (c Counters) Admits(n int32) error {
	switch {
	case n <= 0 || n > MaxUnits:
		return ErrRange
	case c.Closed:
		return ErrClosed
	case c.Target-c.Held-c.Sold < n:
		return ErrSoldOut
	}
	return nil
}

// Release gives n held units back. While more is claimed than the target, the limit goes down with it and nothing
// becomes free.
func (c *Counters) Release(n int32) error {
	if n <= 0 || n > c.Held {
		return fmt.Errorf("release %d of %d held: %w", n, c.Held, ErrBroken)
	}
	c.Held -= n
	c.relimit()
	return nil
}

// Confirm turns n held units into sold ones; it needs no free stock and works on a closed slot.
func (c *Counters) Confirm(n int32) error {
	if n <= 0 || n > c.Held {
		return fmt.Errorf("confirm %d of %d held: %w", n, c.Held, ErrBroken)
	}
	c.Held -= n
	c.Sold += n
	return nil
}

// Return gives n sold units back, under the rule of Release.
func (c *Counters) Return(n int32) error {
	if n <= 0 || n > c.Sold {
		return fmt.Errorf("return %d of %d sold: %w", n, c.Sold, ErrBroken)
	}
	c.Sold -= n
	c.relimit()
	return nil
}

// SetPhysical changes how many units exist.
func (c *Counters) SetPhysical(n int32) error {
	if n < 0 || n > MaxUnits {
		return ErrRange
	}
	c.Physical = n
	c.retarget()
	return nil
}

// SetOutOfOrder changes how many units are off sale for repair.
func (c *Counters) SetOutOfOrder(n int32) error {
	if n < 0 || n > MaxUnits {
		return ErrRange
	}
	c.OutOfOrder = n
	c.retarget()
	return nil
}

// SetOverbooking changes the overbooking allowance; a target set by hand gives way to the derived one.
func (c *Counters) SetOverbooking(bp int32) error {
	if bp < -10_000 || bp > MaxOverbookingBP {
		return ErrRange
	}
	c.OverbookingBP, c.ByHand = bp, false
	c.retarget()
	return nil
}

// SetTarget sets by hand what is sellable, until SetOverbooking or DeriveTarget.
func (c *Counters) SetTarget(n int32) error {
	if n < 0 || n > MaxUnits {
		return ErrRange
	}
	c.Target, c.ByHand = n, true
	c.relimit()
	return nil
}

// DeriveTarget lets the target follow capacity and overbooking again.
func (c *Counters) DeriveTarget() {
	c.ByHand = false
	c.retarget()
}

// SetClosed switches stop-sell; opening restores exactly what was.
func (c *Counters) SetClosed(closed bool) { c.Closed = closed }

// Check is invariant I1 for one slot: 0 <= held, 0 <= sold, held+sold <= limit, limit = max(target, held+sold).
func (c Counters) Check() error {
	switch {
	case c.Held < 0 || c.Sold < 0 || c.Physical < 0 || c.OutOfOrder < 0 || c.Target < 0:
		return fmt.Errorf("a count is negative: %+v: %w", c, ErrBroken)
	case int64(c.Held)+int64(c.Sold) > math.MaxInt32 || c.Held+c.Sold > c.Limit:
		return fmt.Errorf("held %d + sold %d exceed the limit %d: %w", c.Held, c.Sold, c.Limit, ErrBroken)
	case c.Limit != max(c.Target, c.Held+c.Sold):
		return fmt.Errorf("limit %d, target %d, claimed %d: %w", c.Limit, c.Target, c.Held+c.Sold, ErrBroken)
	case !c.ByHand && c.Target != c.DerivedTarget():
		return fmt.Errorf("target %d should be %d: %w", c.Target, c.DerivedTarget(), ErrBroken)
	}
	return nil
}

package intaketest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"holdfast/fault"
	"holdfast/feed"
	"holdfast/feed/intake"
)

// The formats that a Ledger understands: lines of key=value.
const (
	Whole   = "ledger"         // all objects of a partner
	Updates = "ledger-updates" // some objects; "-" as the value takes one away
)

// Ledger is a vertical in memory: objects by partner and key. It applies as services have to, and watches that intake
// keeps its promises.
type Ledger struct {
	mu      sync.Mutex
	objects map[string]map[string]Object
	stamps  map[string]intake.Stamp // of the newest whole file applied
	under   map[string]int          // whole files being applied, by partner
	applied map[string]int          // deliveries that changed something, by partner
	now     int
	most    int
	wrong   []string
	hook    func(ctx context.Context, d intake.Delivery) error
}

// Object is one object.
type Object struct {
	Value string
	Stamp intake.Stamp
}

// NewLedger is an empty one.
func NewLedger() *Ledger {
	return &Ledger{objects: map[string]map[string]Object{}, stamps: map[string]intake.Stamp{}, under: map[string]int{}, applied: map[string]int{}}
}

// Formats registers the ledger.
func (l *Ledger) Formats() map[string]intake.Format {
	return map[string]intake.Format{Whole: {Applier: l}, Updates: {Applier: l, Updates: true}}
}

// Hook is called before each delivery is applied; its error is that of Apply.
func (l *Ledger) Hook(fn func(ctx context.Context, d intake.Delivery) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hook = fn
}

// Values are a partner's objects.
func (l *Ledger) Values(partner string) map[string]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]string{}
	for k, o := range l.objects[partner] {
		if o.Value != "" {
			out[k] = o.Value
		}
	}
	return out
}

// Applied is how many deliveries of a partner changed something.
func (l *Ledger) Applied(partner string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.applied[partner]
}

// Most is how many deliveries were applied at the same time, at most.
func (l *Ledger) Most() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.most
}

// Wrong lists the promises that were broken.
func (l *Ledger) Wrong() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.wrong)
}

// Apply implements intake.Applier.
func (l *Ledger) Apply(ctx context.Context, d intake.Delivery, progress func(done, total int64)) (intake.Report, error) {
	whole := d.Format == Whole && !d.DryRun
	l.mu.Lock()
	hook := l.hook
	l.now++
	l.most = max(l.most, l.now)
	if whole {
		if l.under[d.Partner]++; l.under[d.Partner] > 1 {
			l.wrong = append(l.wrong, "two files of "+d.Partner+" at once")
		}
	}
	if d.Stamp.IsZero() {
		l.wrong = append(l.wrong, "a delivery of "+d.Partner+" without a stamp")
	}
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.now--
		if whole {
			l.under[d.Partner]--
		}
	}()
	if hook != nil {
		if err := hook(ctx, d); err != nil {
			return intake.Report{}, err
		}
	}
	values, report, err := parse(&d, progress)
	if err != nil {
		return report, err
	}
	if err := ctx.Err(); err != nil {
		return report, fault.Overloaded(1).Because(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if d.Format == Updates {
		l.update(&d, values, &report)
	} else {
		l.replace(&d, values, &report)
	}
	if !d.DryRun && report.Added+report.Changed+report.Removed > 0 {
		l.applied[d.Partner]++
	}
	return report, nil
}

// replace makes a partner's objects those of a file.
func (l *Ledger) replace(d *intake.Delivery, values map[string]string, report *intake.Report) {
	if !d.DryRun {
		if d.Stamp.Compare(l.stamps[d.Partner]) < 0 {
			l.wrong = append(l.wrong, fmt.Sprintf("%s: version %s after %s", d.Partner, d.Stamp, l.stamps[d.Partner]))
		}
	}
	there := l.objects[d.Partner]
	after := map[string]Object{}
	for k, v := range values {
		o, known := there[k]
		switch {
		case !known:
			report.Added++
		case o.Value != v:
			report.Changed++
		default:
			report.Untouched++
		}
		after[k] = Object{v, d.Stamp}
	}
	for k := range there {
		if _, stays := after[k]; !stays {
			report.Removed++
		}
	}
	if len(there) > 0 && report.Removed*10_000 > int64(d.MaxRemovedBP)*int64(len(there)) && !d.Force {
		report.Held = true
	}
	if !report.Held && !d.DryRun {
		l.objects[d.Partner], l.stamps[d.Partner] = after, d.Stamp
	}
}

// update changes the objects that a message names, where they have nothing newer. What is taken away leaves its stamp.
func (l *Ledger) update(d *intake.Delivery, values map[string]string, report *intake.Report) {
	there := l.objects[d.Partner]
	if there == nil {
		there = map[string]Object{}
	}
	after := maps.Clone(there)
	for k, v := range values {
		if v == "-" {
			v = ""
		}
		o, known := there[k]
		switch {
		case known && d.Stamp.Compare(o.Stamp) <= 0:
			report.Stale++
			continue
		case o.Value == v:
			report.Untouched++
		case v == "":
			report.Removed++
		case o.Value == "":
			report.Added++
		default:
			report.Changed++
		}
		after[k] = Object{v, d.Stamp}
	}
	if !d.DryRun {
		l.objects[d.Partner] = after
	}
}

func parse(d *intake.Delivery, progress func(done, total int64)) (map[string]string, intake.Report, error) {
	var report intake.Report
	values := map[string]string{}
	lines := bufio.NewScanner(d.Reader())
	lines.Buffer(nil, 4<<20)
	for n := 1; lines.Scan(); n++ {
		if lines.Text() == "fatal" {
			return nil, report, &feed.Error{Line: n, Code: "fatal_line", Message: "The file says that it cannot be read.", Fatal: true}
		}
		key, value, ok := strings.Cut(lines.Text(), "=")
		if !ok {
			report.Refused++
			report.Remarks = append(report.Remarks, feed.Error{Line: n, Code: "no_value", Message: "The line has no value."})
			continue
		}
		values[key] = value
	}
	progress(d.Size, d.Size)
	if err := lines.Err(); err != nil {
		return nil, report, errors.Join(errors.New("read the delivery"), err)
	}
	return values, report, nil
}

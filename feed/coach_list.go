package feed

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"holdfast/civil"
)

// CoachListColumns are the columns of a list of coaches, one coach a row. train (its number; blank: all trains of the
// category), coach (its number) and type must be there. The others may be: category; position from 1, else the order of
// the rows; first_seats and second_seats, which make known the type; from and to, the stations where the coach joins
// and leaves; valid_from and valid_to, the service dates [valid_from, valid_to).
var CoachListColumns = []string{"train", "category", "position", "coach", "type", "first_seats", "second_seats", "from", "to", "valid_from", "valid_to"}

// ReadCoachList reads a list of coaches as anybody can write it, as CSV with the columns CoachListColumns. A row that is
// refused takes its whole train with it: a train without one of its coaches would be sold wrongly.
func ReadCoachList(ctx context.Context, r io.Reader, sink CoachSink) error {
	table, err := NewTable(r)
	if err != nil {
		return err
	}
	for _, column := range []string{"train", "coach", "type"} {
		if !table.Has(column) {
			return missing(table, column, column)
		}
	}
	l := coachList{
		warnings: warnings{to: sink.Remark}, types: map[string]int{}, index: map[coachListKey]int{}, spoiled: map[[2]string]bool{}, near: neighbours{last: -1},
	}
	for _, column := range table.Columns() {
		if !slices.Contains(CoachListColumns, column) {
			l.warnAt("", 1, "unknown_column", "A list of coaches has no column %q; it was left unread.", column)
		}
	}
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, err := table.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *Error
		if err != nil && (!errors.As(err, &bad) || bad.Fatal) {
			return err
		}
		unread := bad != nil
		if bad == nil {
			bad = l.row(row)
		}
		if bad != nil {
			l.remark(bad)
			l.spoil(row, unread)
		}
		if sink.Progress != nil && n%1024 == 0 {
			sink.Progress(int64(n), 0)
		}
	}
	return l.tell(sink)
}

type coachListKey struct {
	train, category string
	from, to        civil.Date
}

type coachList struct {
	warnings
	types    map[string]int // code -> index
	typeList []CoachType
	index    map[coachListKey]int
	trains   []listedTrain
	spoiled  map[[2]string]bool // train and category
	near     neighbours
}

type listedTrain struct {
	Composition
	positions []int32 // of the coaches; 0: none
}

// key is the train that a row belongs to.
func (l *coachList) key(r *Record) (k coachListKey, bad *Error) {
	k = coachListKey{train: r.Get("train"), category: r.Get("category")}
	for column, to := range map[string]*civil.Date{"valid_from": &k.from, "valid_to": &k.to} {
		if text := r.Get(column); text != "" {
			var err error
			if *to, err = civil.Parse(text); err != nil {
				return k, refuse(r, "bad_date", "%s %q is not a date (YYYY-MM-DD).", column, text)
			}
		}
	}
	if (k.from != 0 || k.to != 0) && k.to <= k.from {
		return k, refuse(r, "bad_period", "valid_to (the day after the last) is not after valid_from.")
	}
	if k.train == "" && k.category == "" {
		return k, refuse(r, "missing_value", "The row names neither a train nor a category.")
	}
	return k, nil
}

func (l *coachList) row(r *Record) *Error {
	key, bad := l.key(r)
	if bad != nil {
		return bad
	}
	i, there := l.index[key]
	if !there {
		i = len(l.trains)
		l.index[key] = i
		l.trains = append(l.trains, listedTrain{Composition: Composition{
			Line: r.Line, Train: strings.Clone(key.train), Category: strings.Clone(key.category), From: key.from, To: key.to,
		}})
	}
	l.near.pass(int32(i), l.refuse)
	t := &l.trains[i]
	coach := Coach{Line: r.Line, Number: r.Get("coach"), Type: r.Get("type"), From: r.Get("from"), To: r.Get("to")}
	position, ok := digits(r.Get("position"))
	switch {
	case coach.Number == "" || coach.Type == "":
		return refuse(r, "missing_value", "The coach has no number, or no type.")
	case !ok || position == 0 && r.Get("position") != "":
		return refuse(r, "bad_position", "position is %q, not a number from 1.", r.Get("position"))
	case position != 0 && slices.Contains(t.positions, position):
		return refuse(r, "duplicate", "The train has a coach at position %d before.", position)
	case len(t.Coaches) > 0 && (position == 0) != (t.positions[0] == 0):
		return refuse(r, "bad_position", "Some coaches of the train have a position and some have none.")
	case len(t.Coaches) == maxCoaches:
		return refuse(r, "too_many_coaches", "A train has at most %d coaches.", maxCoaches)
	case slices.ContainsFunc(t.Coaches, func(o Coach) bool { return o.Number == coach.Number && o.From == coach.From && o.To == coach.To }):
		return refuse(r, "duplicate", "The train has a coach %q before.", coach.Number)
	}
	if bad := l.kind(r, coach.Type); bad != nil {
		return bad
	}
	t.Coaches = append(t.Coaches, coach)
	t.positions = append(t.positions, position)
	return nil
}

// kind keeps what the row says about the type of its coach.
func (l *coachList) kind(r *Record, code string) *Error {
	if r.Get("first_seats") == "" && r.Get("second_seats") == "" {
		return nil
	}
	first, ok1 := seats(r.Get("first_seats"))
	second, ok2 := seats(r.Get("second_seats"))
	if !ok1 || !ok2 || first+second > maxCoachSeats {
		return refuse(r, "bad_seats", "The seats %q and %q are not numbers of at most %d.", r.Get("first_seats"), r.Get("second_seats"), maxCoachSeats)
	}
	i, there := l.types[code]
	if !there {
		l.types[code] = len(l.typeList)
		l.typeList = append(l.typeList, CoachType{Line: r.Line, Code: code, First: first, Second: second})
		return nil
	}
	if t := l.typeList[i]; t.First != first || t.Second != second {
		return refuse(r, "type_differs", "A coach of type %q has %d and %d seats here, and %d and %d on line %d; give it a type of its own.", code, first, second, t.First, t.Second, t.Line)
	}
	return nil
}

// spoil refuses the train that a row belongs to which was refused, on all its dates. A row that could not be read may say
// the wrong one, so those of the rows around it go with it.
func (l *coachList) spoil(r *Record, unread bool) {
	l.spoiled[[2]string{r.Get("train"), r.Get("category")}] = true
	if unread {
		l.near.damage(l.refuse)
	}
}

func (l *coachList) refuse(train int32) {
	t := &l.trains[train]
	l.spoiled[[2]string{t.Train, t.Category}] = true
}

func (l *coachList) tell(sink CoachSink) error {
	for _, t := range l.typeList {
		if sink.Type == nil {
			break
		}
		if err := sink.Type(t); err != nil {
			return err
		}
	}
	for i := range l.trains {
		t := &l.trains[i]
		if sink.Composition == nil || l.spoiled[[2]string{t.Train, t.Category}] {
			continue
		}
		order := make([]int, len(t.Coaches))
		for j := range order {
			order[j] = j
		}
		slices.SortStableFunc(order, func(a, b int) int { return int(t.positions[a] - t.positions[b]) })
		c := t.Composition
		c.Coaches = nil
		for _, j := range order {
			c.Coaches = append(c.Coaches, t.Coaches[j])
		}
		if err := sink.Composition(c); err != nil {
			return err
		}
	}
	l.tellMore()
	return nil
}

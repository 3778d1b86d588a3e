package record

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"unicode/utf8"

	"holdfast/stock"
	"holdfast/uid"
)

// layout is the document of a layout of units.
type layout struct {
	Units  []unit    `json:"units"`
	Absent []absence `json:"absent,omitempty"`
}

type unit struct {
	Label  string `json:"label"`
	Group  uint16 `json:"group,omitempty"`
	Row    uint16 `json:"row,omitempty"`
	Tier   uint8  `json:"tier,omitempty"`
	Traits uint16 `json:"traits,omitempty"`
}

type absence struct {
	FromUnit int32 `json:"from_unit"`
	ToUnit   int32 `json:"to_unit"`
	From     int32 `json:"from"`
	To       int32 `json:"to"`
}

// Layout is the document of a layout.
func Layout(l *stock.Layout) ([]byte, error) {
	d := layout{Units: make([]unit, len(l.Units))}
	for i, u := range l.Units {
		if !utf8.ValidString(u.Label) {
			return nil, fmt.Errorf("layout: the label %q of unit %d is no text", u.Label, i+1) // it would come back as another one
		}
		d.Units[i] = unit{u.Label, u.Group, u.Row, u.Tier, uint16(u.Traits)}
	}
	for _, a := range l.Absent {
		d.Absent = append(d.Absent, absence{a.FromUnit, a.ToUnit, int32(a.From), int32(a.To)})
	}
	text, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("layout: %w", err)
	}
	return text, nil
}

// ReadLayout reads what Layout wrote. The id, which is that of the content, tells a document that was damaged.
func ReadLayout(text []byte, id uid.ID) (*stock.Layout, error) {
	var d layout
	l, err := d.read(text)
	if err == nil && l.ID() != id {
		err = fmt.Errorf("layout %s is stored as another one", id.Text("lay"))
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (d *layout) read(text []byte) (*stock.Layout, error) {
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("layout: %w", err)
	}
	l := &stock.Layout{Units: make([]stock.Unit, len(d.Units))}
	for i, u := range d.Units {
		l.Units[i] = stock.Unit{Label: u.Label, Group: u.Group, Row: u.Row, Tier: u.Tier, Traits: stock.Traits(u.Traits)}
	}
	for _, a := range d.Absent {
		l.Absent = append(l.Absent, stock.Absence{FromUnit: a.FromUnit, ToUnit: a.ToUnit, From: stock.Slot(a.From), To: stock.Slot(a.To)})
	}
	return l, nil
}

// StoredLayout is a layout as it is stored.
type StoredLayout struct {
	ID       uid.ID
	Document []byte
}

// LayoutsToPut are those of some layouts that are not remembered, and so may not be stored yet, each once and by id.
func LayoutsToPut(cache *LayoutCache, layouts []*stock.Layout) ([]StoredLayout, error) {
	ids := make([]uid.ID, len(layouts))
	byID := make(map[uid.ID]*stock.Layout, len(layouts))
	for i, l := range layouts {
		ids[i] = l.ID()
		byID[ids[i]] = l
	}
	missing := cache.Find(ids, map[uid.ID]*stock.Layout{})
	slices.SortFunc(missing, func(a, b uid.ID) int { return slices.Compare(a[:], b[:]) })
	var out []StoredLayout
	for _, id := range slices.Compact(missing) {
		text, err := Layout(byID[id])
		if err != nil {
			return nil, err
		}
		out = append(out, StoredLayout{id, text})
	}
	return out, nil
}

// keptLayouts bounds what LayoutCache remembers; a layout of 1,000 units takes some 40 KB.
const keptLayouts = 4096

// LayoutCache remembers layouts, which never change. The zero value is ready; any number of goroutines may use it.
type LayoutCache struct {
	mu   sync.Mutex
	kept map[uid.ID]*stock.Layout
}

// Find adds to into those of some layouts that are remembered, and returns the others.
func (c *LayoutCache) Find(ids []uid.ID, into map[uid.ID]*stock.Layout) (missing []uid.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range ids {
		if into[id] != nil {
			continue
		}
		if l := c.kept[id]; l != nil {
			into[id] = l
		} else {
			missing = append(missing, id)
		}
	}
	return missing
}

// Keep remembers a layout, and forgets all others when there are too many.
func (c *LayoutCache) Keep(id uid.ID, l *stock.Layout) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= keptLayouts {
		c.kept = map[uid.ID]*stock.Layout{}
	}
	c.kept[id] = l
}

package rail

import (
	"sync"
	"time"

	"holdfast/civil"
)

// zones keeps the loaded time zones: reading one takes longer than most calls.
var zones sync.Map // string -> *time.Location

// zone is the location of a valid zone name; UTC for one that this binary does not know.
func zone(name string) *time.Location {
	if known, ok := zones.Load(name); ok {
		if loc, ok := known.(*time.Location); ok {
			return loc
		}
	}
	loc, err := civil.Zone(name)
	if err != nil {
		return time.UTC // stored by a newer binary with newer zones
	}
	zones.Store(name, loc)
	return loc
}

// offset is how many minutes east of UTC the clocks of a zone are at an instant.
func offset(at time.Time, name string) int16 {
	_, seconds := at.In(zone(name)).Zone()
	return int16(seconds / 60)
}

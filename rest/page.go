package rest

import (
	"encoding/base64"
	"strconv"

	"holdfast/rest/problem"
	"holdfast/uid"
)

// Page is the query of a list.
type Page struct {
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" example:"50" doc:"At most so many entries."`
	After string `query:"after" maxLength:"600" doc:"The cursor \"next\" of the page before."`
}

func (p Page) limit() int {
	if p.Limit == 0 {
		return defaultPage
	}
	return p.Limit
}

const defaultPage = 50

// slice is one page of a list in memory: cursors are positions in it, sealed as opaque texts.
func slice[T any](p Page, all []T) (page []T, next *string, err error) {
	start := 0
	if p.After != "" {
		b, err := base64.RawURLEncoding.DecodeString(p.After)
		if err == nil {
			start, err = strconv.Atoi(string(b))
		}
		if err != nil || start < 0 || start > len(all) {
			return nil, nil, badCursor("after")
		}
	}
	end := min(len(all), start+p.limit())
	if end < len(all) {
		c := base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end)))
		next = &c
	}
	return all[start:end], next, nil
}

// cursorOf points behind an entry that has an id.
func cursorOf(id uid.ID) *string {
	c := base64.RawURLEncoding.EncodeToString(id[:])
	return &c
}

// parseCursor reads what cursorOf wrote; "" is the zero id.
func parseCursor(name, text string) (id uid.ID, err error) {
	if text == "" {
		return id, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != len(id) {
		return id, badCursor(name)
	}
	copy(id[:], b)
	return id, nil
}

func badCursor(name string) error {
	const text = "This is not a cursor of this list; take the one that a page gave you."
	return problem.New("validation_failed", name+": "+text).At(name, "cursor_invalid", text)
}

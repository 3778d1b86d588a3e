package feed

import (
	"io"
	"maps"
	"slices"
	"strings"
)

// HotelFields are what a hotel's row can tell, each with the column it is looked for in when nothing else is said.
// name, rooms, latitude and
// longitude must be there; the others may be.
var HotelFields = map[string]string{
	"name": "name", "rooms": "total_rooms", "address": "address", "postal_code": "postal_code", "city": "city", "country": "country",
	"latitude": "latitude", "longitude": "longitude", "stars": "stars", "time_zone": "time_zone", "currency": "currency",
}

var neededHotelFields = []string{"name", "rooms", "latitude", "longitude"}

// Hotels reads hotels from a CSV file.
type Hotels struct {
	table    *Table
	columns  map[string]string // field -> column; fields the file does not have are left out
	identity string
}

// HotelRow is one hotel as its line says it, as text: "" where it says nothing.
type HotelRow struct {
	Line                               int
	Name, Rooms, Address, PostalCode   string
	City, Country, Latitude, Longitude string
	Stars, TimeZone, Currency          string
	Identity                           string // of the identity column
}

// NewHotels reads the header of a file. columns says in which column a field is, where that differs from HotelFields;
// identity names the column that identifies a hotel, "" for none. A column that is named there must exist.
func NewHotels(r io.Reader, columns map[string]string, identity string) (*Hotels, error) {
	t, err := NewTable(r)
	if err != nil {
		return nil, err
	}
	h := &Hotels{table: t, columns: map[string]string{}, identity: identity}
	for _, field := range slices.Sorted(maps.Keys(columns)) {
		if _, known := HotelFields[field]; !known {
			return nil, fatal(0, "unknown_field", "A hotel has no field %q; there are: %s.", field, strings.Join(slices.Sorted(maps.Keys(HotelFields)), ", "))
		}
		if !t.Has(columns[field]) {
			return nil, missing(t, columns[field], field)
		}
	}
	if identity != "" && !t.Has(identity) {
		return nil, missing(t, identity, "identity")
	}
	for field, usual := range HotelFields {
		column, named := columns[field]
		if !named {
			column = usual
		}
		if t.Has(column) {
			h.columns[field] = column
		}
	}
	for _, field := range neededHotelFields {
		if h.columns[field] == "" {
			return nil, missing(t, HotelFields[field], field)
		}
	}
	return h, nil
}

func missing(t *Table, column, field string) *Error {
	return fatal(1, "missing_column", "The file has no column %q for %s; it has: %s.", column, field, strings.Join(t.Columns(), ", "))
}

// Has reports whether the file tells a field.
func (h *Hotels) Has(field string) bool { return h.columns[field] != "" }

// Next is the next hotel; io.EOF after the last. See Table.Next for errors.
func (h *Hotels) Next() (HotelRow, error) {
	r, err := h.table.Next()
	if err != nil {
		return HotelRow{}, err
	}
	get := func(field string) string {
		if column := h.columns[field]; column != "" {
			return r.Get(column)
		}
		return ""
	}
	row := HotelRow{
		Line: r.Line, Name: get("name"), Rooms: get("rooms"), Address: get("address"), PostalCode: get("postal_code"),
		City: get("city"), Country: get("country"), Latitude: get("latitude"), Longitude: get("longitude"),
		Stars: get("stars"), TimeZone: get("time_zone"), Currency: get("currency"),
	}
	if h.identity != "" {
		row.Identity = r.Get(h.identity)
	}
	return row, nil
}

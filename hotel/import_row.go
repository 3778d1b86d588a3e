package hotel

import (
	"strconv"
	"strings"

	"holdfast/feed"
	"holdfast/money"
	"holdfast/uid"
)

// importRow is a checked line of a file.
type importRow struct {
	line  int
	hotel Hotel // as a new one would be; ExternalRef identifies it
	rooms int32
	says  feed.HotelRow
}

// check reads one line and keeps it if nothing is wrong with it.
func (i *importing) check(row feed.HotelRow) {
	before := len(i.report.Refused)
	r := importRow{line: row.Line, says: row}
	r.hotel = i.options.Template.hotel()
	h := &r.hotel
	h.Supplier, h.Name, h.Address = i.options.Supplier, row.Name, row.Address
	overwrite(&h.City, row.City)
	overwrite(&h.Country, row.Country)
	overwrite(&h.TimeZone, row.TimeZone)
	if row.Currency != "" {
		h.Currency = money.Currency(row.Currency)
	}
	if row.Stars != "" {
		if n, err := strconv.Atoi(row.Stars); err == nil {
			h.Stars = n
		} else {
			i.refuse(row.Line, "stars_invalid", "%q is not a number of stars.", clip(row.Stars))
		}
	}
	h.Latitude = i.degrees(row.Line, "latitude", row.Latitude)
	h.Longitude = i.degrees(row.Line, "longitude", row.Longitude)
	h.PostalCode = i.postalCode(&row, h.Country)
	if n, err := strconv.ParseInt(row.Rooms, 10, 32); err == nil && n >= 1 && n <= MaxCapacity {
		r.rooms = int32(n)
	} else {
		i.refuse(row.Line, "rooms_invalid", "%q is not a number of rooms from 1 to %d.", clip(row.Rooms), MaxCapacity)
	}
	if h.ExternalRef = i.identity(&row, h.PostalCode); h.ExternalRef == "" {
		i.refuse(row.Line, "identity_missing", "Nothing on this line says which hotel it is.")
	}
	var v verdicts
	tidy(h)
	v.hotel(h)
	for _, f := range v {
		if f.Pointer == "/external_ref" && i.options.Identity == "" {
			continue // it is made of the name, which is refused already
		}
		i.refuse(row.Line, strings.TrimPrefix(f.Pointer, "/")+"_"+f.Code, "%s", f.Message)
	}
	if len(i.report.Refused) > before {
		return
	}
	if first, twice := i.lines[h.ExternalRef]; twice {
		i.refuse(row.Line, "duplicate_identity", "This is the hotel of line %d again.", first)
		return
	}
	i.lines[h.ExternalRef] = row.Line
	i.report.Rooms += int64(r.rooms)
	i.rows = append(i.rows, r)
}

func overwrite(s *string, with string) {
	if with != "" {
		*s = with
	}
}

// clip shortens what a file says for a message.
func clip(s string) string {
	const most = 40
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}

func (i *importing) degrees(line int, field, text string) float64 {
	x, err := strconv.ParseFloat(text, 64)
	if err != nil || !within(x, 180) {
		i.refuse(line, field+"_invalid", "%q is not a %s in degrees.", clip(text), field)
		return 0
	}
	return x
}

// postalCode checks a code against the template's number of digits; in the template's country one that is a digit
// short lost its leading zero to a spreadsheet and gets it back.
func (i *importing) postalCode(row *feed.HotelRow, country string) string {
	code, digits := row.PostalCode, i.options.Template.PostalCodeDigits
	if digits == 0 || country != i.options.Template.Country || !i.says["postal_code"] {
		return code
	}
	numeric := strings.Trim(code, "0123456789") == ""
	switch {
	case numeric && len(code) == digits:
	case numeric && len(code) == digits-1:
		i.warn(row.Line, "postal_code_zero", "The postal code %s has lost its leading zero; it is read as 0%s.", code, code)
		return "0" + code
	default:
		i.refuse(row.Line, "postal_code_invalid", "%q is not a postal code of %d digits.", clip(code), digits)
	}
	return code
}

// identity is what the hotel of a line is known by from now on; "" if the line does not say.
func (i *importing) identity(row *feed.HotelRow, postalCode string) string {
	if i.options.Identity != "" {
		return row.Identity
	}
	name := strings.Join(strings.Fields(row.Name), " ")
	if name == "" || postalCode == "" {
		return ""
	}
	return name + " | " + postalCode
}

// difference is what has to change for the supplier's hotels to be as the file says, with the counts in the report.
func (i *importing) difference() []*draft {
	r := i.report
	r.Added, r.Changed, r.Untouched = 0, 0, 0
	var drafts []*draft
	for n := range i.rows {
		row := &i.rows[n]
		before := i.core.catalogue.imported(i.options.Supplier, row.hotel.ExternalRef)
		if before == nil {
			d := i.core.born(row.hotel)
			i.addTypes(d, row.rooms)
			drafts = append(drafts, d)
			r.Added++
			continue
		}
		d := i.core.draft(before)
		if !i.update(d, row) {
			continue
		}
		if _, changed := difference(before, d.House); changed {
			drafts = append(drafts, d)
			r.Changed++
		} else {
			r.Untouched++
		}
	}
	return drafts
}

// addTypes splits a hotel's rooms into the room types of the template.
func (i *importing) addTypes(d *draft, rooms int32) {
	shares := make([]int64, len(i.template))
	for n, t := range i.options.Template.RoomTypes {
		shares[n] = t.ShareBP
	}
	for n, part := range money.Of(int64(rooms), "").Split(shares) {
		if part.Minor > 0 {
			t := i.template[n]
			t.ID, t.Capacity = uid.New(), int32(part.Minor)
			d.addType(t)
		}
	}
}

// update makes a hotel what its line says; false if the line is refused.
func (i *importing) update(d *draft, row *importRow) bool {
	if row.says.Currency != "" && row.hotel.Currency != d.Hotel.Currency {
		i.refuse(row.line, "currency_fixed", "The prices of this hotel are in %s; a hotel in another currency is a new one.", d.Hotel.Currency)
		return false
	}
	old, h, said := d.Hotel, &d.Hotel, &row.hotel
	overwrite(&h.Name, said.Name)
	for _, s := range []struct {
		is         *string
		says, will string
	}{
		{&h.Address, row.says.Address, said.Address},
		{&h.PostalCode, row.says.PostalCode, said.PostalCode},
		{&h.City, row.says.City, said.City},
		{&h.Country, row.says.Country, said.Country},
		{&h.TimeZone, row.says.TimeZone, said.TimeZone},
	} {
		if s.says != "" {
			*s.is = s.will
		}
	}
	if row.says.Stars != "" {
		h.Stars = said.Stars
	}
	h.Latitude, h.Longitude = said.Latitude, said.Longitude
	d.touch(&old)
	i.resize(d, row.rooms)
	return true
}

// resize gives the room types of a hotel another number of rooms together.
func (i *importing) resize(d *draft, rooms int32) {
	var sum int64
	var live []*RoomType
	var weights []int64
	for n := range d.Types {
		if t := &d.Types[n]; t.Status != Retired {
			live, weights = append(live, t), append(weights, int64(t.Capacity))
			sum += int64(t.Capacity)
		}
	}
	if sum == int64(rooms) {
		return
	}
	if len(live) == 0 {
		i.addTypes(d, rooms)
		return
	}
	for n, part := range money.Of(int64(rooms), "").Split(weights) {
		t := live[n]
		before := *t
		if t.Capacity = int32(part.Minor); t.Capacity != before.Capacity {
			t.UpdatedAt = d.now
			bp := d.overbooking(t)
			d.changed(t.ID, before.Capacity, t.Capacity, bp, bp)
			d.remember(&before)
		}
	}
}

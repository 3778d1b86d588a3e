package hotel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"holdfast/fault"
	"holdfast/feed"
	"holdfast/uid"
)

// importTries bounds how often an import begins again because others wrote the same hotels meanwhile.
const importTries = 5

// maxNotes bounds each list of an ImportReport.
const maxNotes = 10_000

// Import implements Service.
//
// A file is CSV with a header (package feed has its form and bounds). ImportOptions.Columns maps a field to the column
// it is in; what is not mapped is looked for under these names:
//
//	name, total_rooms (the field rooms), latitude, longitude        must be there
//	address, postal_code, city, country, stars, time_zone, currency may be there; the template fills in what is not
//
// A hotel is recognised by the column ImportOptions.Identity, else by name and postal code. Use the same identity
// every time: it is stored as the hotel's external reference. The whole file is checked before anything is written;
// then the difference to the supplier's hotels is applied in one transaction, together with the stock commands it
// means. They are sent before Import returns, and by the job if the process dies meanwhile: then the hotels are there,
// preparing. A hotel that is known gets what the file says and the template nothing; when its number of rooms differs,
// the room types share the new number in proportion to what they have. Hotels that the file does not name stay.
func (c *Core) Import(ctx context.Context, e Editor, file io.Reader, o ImportOptions, progress func(done, total int)) (*ImportReport, error) {
	began := time.Now()
	if !e.Supplier.IsZero() && e.Supplier != o.Supplier {
		return nil, fault.New(fault.NotFound, "supplier_not_found", "There is no such supplier.")
	}
	var v verdicts
	v.check(!o.Supplier.IsZero(), "/supplier_id", "required", "This names the supplier that the hotels belong to.")
	if err := v.err(); err != nil {
		return nil, err
	}
	if err := o.Template.Check(); err != nil {
		return nil, err
	}
	i := &importing{core: c, options: o, report: &ImportReport{}, template: o.Template.prices(), lines: map[string]int{}}
	if err := i.read(ctx, file); err != nil {
		return nil, err
	}
	if err := i.apply(ctx, progress); err != nil {
		return nil, err
	}
	i.report.Duration = time.Since(began)
	return i.report, nil
}

// importing is one import.
type importing struct {
	core     *Core
	options  ImportOptions
	template []RoomType // a room type for each of the template's, with nothing of a hotel in it
	report   *ImportReport
	says     map[string]bool // fields the file has
	rows     []importRow
	lines    map[string]int // external reference -> line
}

// read reads and checks the whole file.
func (i *importing) read(ctx context.Context, file io.Reader) error {
	hotels, err := feed.NewHotels(file, i.options.Columns, i.options.Identity)
	if err != nil {
		return fileInvalid(err)
	}
	i.says = map[string]bool{}
	for field := range maps.Keys(feed.HotelFields) {
		i.says[field] = hotels.Has(field)
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, err := hotels.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var bad *feed.Error
		if errors.As(err, &bad) && !bad.Fatal {
			i.report.Rows++
			i.refuse(bad.Line, bad.Code, "%s", bad.Message)
			continue
		}
		if err != nil {
			return fileInvalid(err)
		}
		i.report.Rows++
		i.check(row)
	}
}

// fileInvalid is the refusal of a file that cannot be read to its end.
func fileInvalid(err error) error {
	var bad *feed.Error
	if !errors.As(err, &bad) {
		return fault.Wrap(err, "read import file")
	}
	return fault.New(fault.Invalid, "file_invalid", "%s", bad.Message).With("line", fmt.Sprint(bad.Line)).With("code", bad.Code)
}

func (i *importing) refuse(line int, code, format string, args ...any) {
	note(&i.report.Refused, line, code, format, args...)
}

func (i *importing) warn(line int, code, format string, args ...any) {
	note(&i.report.Warnings, line, code, format, args...)
}

func note(notes *[]LineNote, line int, code, format string, args ...any) {
	if len(*notes) < maxNotes {
		*notes = append(*notes, LineNote{Line: line, Code: code, Message: fmt.Sprintf(format, args...)})
	}
}

// apply finds the difference and, unless it may not, writes it.
func (i *importing) apply(ctx context.Context, progress func(done, total int)) error {
	c := i.core
	if err := c.turns.take(ctx, i.options.Supplier); err != nil { // two imports of a supplier take turns
		return err
	}
	defer c.turns.give(i.options.Supplier)
	refused, warnings := len(i.report.Refused), len(i.report.Warnings)
	for range importTries {
		i.report.Refused, i.report.Warnings = i.report.Refused[:refused], i.report.Warnings[:warnings]
		if err := c.poll(ctx); err != nil { // what another process imported counts
			return err
		}
		again, err := i.attempt(ctx, progress)
		if err != nil || !again {
			return err
		}
	}
	return fault.Overloaded(time.Second)
}

// attempt tries once; again says that others wrote meanwhile.
func (i *importing) attempt(ctx context.Context, progress func(done, total int)) (again bool, err error) {
	c := i.core
	give, err := c.turns.takeAll(ctx, i.known())
	if err != nil {
		return false, err
	}
	defer give()
	drafts := i.difference()
	slices.SortStableFunc(i.report.Refused, func(a, b LineNote) int { return a.Line - b.Line })
	if i.options.DryRun || len(i.report.Refused) > 0 && !i.options.SkipRefused || len(drafts) == 0 {
		return false, nil
	}
	var added []uid.ID
	for _, d := range drafts {
		if d.before == nil {
			added = append(added, d.Hotel.ID)
		}
	}
	giveAdded, err := c.turns.takeAll(ctx, added) // so that the job leaves their commands to us
	if err != nil {
		return false, err
	}
	defer giveAdded()
	w := Write{ID: uid.New(), Wait: writerWait}
	var houses []*House
	var hotels []uid.ID
	for _, d := range drafts {
		change, _ := difference(d.before, d.House)
		d.Revision++
		w.Houses, houses = append(w.Houses, change), append(houses, d.House)
		if !d.command.empty() {
			w.Commands, hotels = append(w.Commands, d.command), append(hotels, d.Hotel.ID)
		}
	}
	_, err = c.store.Write(ctx, w)
	if errors.Is(err, ErrStale) || errors.Is(err, ErrTaken) {
		for _, d := range drafts {
			if rerr := c.refresh(ctx, d.Hotel.ID); rerr != nil {
				return false, rerr
			}
		}
		return true, nil
	}
	if errors.Is(err, ErrUnknownCommit) {
		landed, lerr := c.store.Landed(context.WithoutCancel(ctx), drafts[0].Hotel.ID, w.ID)
		if lerr != nil || !landed {
			return false, fault.New(fault.Unavailable, "outcome_unknown", "The database did not say whether the file was applied. Import it again: what is applied already is left alone.").Because(err)
		}
		err = nil
	}
	if err != nil {
		return false, err
	}
	c.catalogue.publish(houses...)
	i.send(ctx, hotels, progress)
	i.report.Applied = true
	return false, nil
}

// known are the hotels that the file names and the supplier has.
func (i *importing) known() []uid.ID {
	var ids []uid.ID
	for n := range i.rows {
		if h := i.core.catalogue.imported(i.options.Supplier, i.rows[n].hotel.ExternalRef); h != nil {
			ids = append(ids, h.Hotel.ID)
		}
	}
	return ids
}

// send sends the stock commands of the import. The file is applied whatever comes of it.
func (i *importing) send(ctx context.Context, hotels []uid.ID, progress func(done, total int)) {
	if progress == nil {
		progress = func(int, int) {}
	}
	progress(0, len(hotels))
	out, err := i.core.drain(ctx, hotels, func(done int) { progress(min(done, len(hotels)), len(hotels)) })
	for id, refusal := range out {
		if refusal != nil {
			i.warn(0, "stock_refused", "Hotel %s: %s", id.Hotel.Text("htl"), fault.As(refusal).Public)
		}
	}
	if err != nil {
		i.core.log.Warn("stock of imported hotels is made later", "error", err)
		i.warn(0, "stock_pending", "The file is applied, but the stock of some hotels could not be made yet. They are preparing; it is made as soon as possible.")
	}
}

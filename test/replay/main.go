// Command replay sells real demand: it reads the bookings of two hotels (../shared/data/hotel_bookings: 78,703 bookings
// with lead times, cancellations and no-shows) and makes each of them through the REST API, on the day it was made,
// cancels on the day it was cancelled, and holds every answer against book-keeping of its own.
//
//	go run ./test/replay FILE.zip                                          its own server, SQLite in a temporary folder
//	go run ./test/replay --database-url postgres://... FILE.zip            its own server on an empty PostgreSQL database
//	go run ./test/replay --server URL --token OPERATOR --token ... FILE    a running server with a test clock
//	go run ./test/replay --limit 3000 FILE.zip                             only the first events
//
// FILE is the zip as it is or the CSV in it. A token of --server needs staff:*; the first one sets the hotels up, and all
// of them book in turn, so that the caps of one caller do not bite.
//
// # The stream
//
// A booking is made arrival minus lead_time, and cancelled on reservation_status_date where reservation_status is
// Canceled. The file has days and no times, so a day goes like this: in the morning the cancellations of bookings made
// before that day, at noon the bookings in the order of the file, in the evening the cancellations of bookings made that
// same day. The sandbox clock is moved along. No-shows stay booked.
//
// Within a day calls are made side by side where their order cannot matter: cancellations; payments; and bookings whose
// nights have room for everybody who asks for them that day. All others are made one after the other, in the order of
// the file, for each hotel.
//
// # The hotels
//
// City Hotel has 226 rooms and Resort Hotel 187, the most that were ever occupied at once. That is the hotel's capacity,
// a cap beside one generous room type for each letter of reserved_room_type. Overbooking is 0. A price per booking (adr)
// is what was got, not what was asked for: nights cost the median adr of their hotel and room type. Children are sent
// as 8 years old and babies as 1. Every booking is paid with pm_test_approved and cancelled by quote and confirmation.
//
// # The report
//
// What was accepted; what was refused, by problem code; how many would have needed overbooking (sold_out); the fullest
// night of each hotel and how many nights were full; whether the inventory agrees with our own books; the audit. The exit
// code is 1 when a night has more than the limit, in our books or in the inventory, when an answer or the inventory
// disagrees with our books, or when the audit is not clean; 2 when the replay could not be made.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// Exit codes.
const (
	exitWrong  = 1
	exitNotRun = 2
)

// options are the command line.
type options struct {
	File        string   `arg:"" help:"The zip of the data set, or the CSV in it."`
	Server      string   `placeholder:"URL" help:"A running server in test mode, instead of one of our own."`
	Token       []string `placeholder:"TOKEN" help:"Tokens with staff:* for --server."`
	Binary      string   `placeholder:"FILE" help:"Use this binary instead of building one."`
	Data        string   `placeholder:"FOLDER" help:"Keep the data of our own server in this new folder; with --server the server's folder, to audit it."`
	DatabaseURL string   `name:"database-url" placeholder:"URL" help:"Run our own server on this empty PostgreSQL database; with --server the server's, to audit it."`
	Limit       int      `placeholder:"N" help:"Stop after so many bookings and cancellations."`
	Workers     int      `default:"64" help:"Calls at once."`
	JSON        string   `name:"json" placeholder:"FILE" help:"Write the report as JSON too."`
}

func main() { os.Exit(command(os.Args[1:], os.Stdout, os.Stderr)) } //nolint:forbidigo // main exits, once

// errWrong: the replay was made and its report has something wrong in it.
var errWrong = errors.New("the report has something wrong in it")

func command(args []string, stdout, stderr io.Writer) int {
	var o options
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	parser, err := kong.New(&o, kong.Name("replay"), kong.Description("Sells the bookings of two real hotels again, through the API."), kong.Writers(stdout, stderr))
	if err == nil {
		_, err = parser.Parse(args)
	}
	if err == nil {
		err = replay(ctx, &o, stdout, stderr)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errWrong):
		return exitWrong
	}
	_, _ = fmt.Fprintln(stderr, "replay:", err)
	return exitNotRun
}

// replay does all of it.
func replay(ctx context.Context, o *options, stdout, stderr io.Writer) error {
	bookings, err := read(o.File)
	if err != nil {
		return err
	}
	days := stream(bookings, o.Limit)
	if len(days) == 0 {
		return errors.New("the file has no bookings")
	}
	w, err := open(ctx, o, bookings, days, stderr)
	if err != nil {
		return err
	}
	defer w.close(stderr)
	r, err := w.run(ctx, days, stderr)
	if err != nil {
		return err
	}
	if err := w.audit(ctx, r); err != nil {
		return err
	}
	if err := r.write(stdout, o.JSON); err != nil {
		return err
	}
	if len(r.Wrong) > 0 {
		return errWrong
	}
	return nil
}

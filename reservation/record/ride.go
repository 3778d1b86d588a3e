package record

import (
	"fmt"
	"strconv"
	"time"

	"holdfast/civil"
	"holdfast/offer"
	"holdfast/stock"
	"holdfast/uid"
)

// ride is what the document of a piece says of its Ride. A piece has it or the fields of a stay, never both.
type ride struct {
	Mode         uint8     `json:"mode"`
	Run          string    `json:"run"`
	Number       string    `json:"number"`
	Date         string    `json:"date"`
	From         string    `json:"from"`
	To           string    `json:"to"`
	Departs      time.Time `json:"departs"`
	Arrives      time.Time `json:"arrives"`
	DepartOffset int16     `json:"depart_offset"`
	ArriveOffset int16     `json:"arrive_offset"`
	Class        string    `json:"class"`
	Booking      string    `json:"booking"`
	Fare         string    `json:"fare"`
	FareVersion  string    `json:"fare_version"`
	FareName     string    `json:"fare_name"`
	Adults       uint8     `json:"adults"`
	Children     uint8     `json:"children"`
	Infants      uint8     `json:"infants"`
	Seating      struct {
		Pool   int64   `json:"pool"`
		AtHold bool    `json:"at_hold"`
		Tiers  []int64 `json:"tiers"`
	} `json:"seating"`
}

// appendRide appends the document of a ride to dst; record_test.go reads it with encoding/json.
func appendRide(dst []byte, r *offer.Ride) []byte {
	dst = append(dst, `{"mode":`...)
	dst = strconv.AppendUint(dst, uint64(r.Mode), 10)
	dst = appendID(dst, "run", r.Run)
	dst = appendText(dst, "number", r.Number)
	dst = append(dst, `,"date":"`...)
	dst = append(dst, r.Date.String()...)
	dst = append(dst, '"')
	dst = appendText(dst, "from", r.From)
	dst = appendText(dst, "to", r.To)
	dst = appendTime(dst, "departs", r.Departs)
	dst = appendTime(dst, "arrives", r.Arrives)
	dst = appendInt(dst, "depart_offset", int64(r.DepartOffset))
	dst = appendInt(dst, "arrive_offset", int64(r.ArriveOffset))
	dst = appendText(dst, "class", r.Class)
	dst = appendText(dst, "booking", r.Booking)
	dst = appendID(dst, "fare", r.Fare)
	dst = appendID(dst, "fare_version", r.FareVersion)
	dst = appendText(dst, "fare_name", r.FareName)
	dst = appendInt(dst, "adults", int64(r.Adults))
	dst = appendInt(dst, "children", int64(r.Children))
	dst = appendInt(dst, "infants", int64(r.Infants))
	if s := &r.Seating; s.Pool != 0 || s.AtHold || len(s.Tiers) > 0 {
		dst = append(dst, `,"seating":{"pool":`...)
		dst = strconv.AppendInt(dst, int64(s.Pool), 10)
		if s.AtHold {
			dst = append(dst, `,"at_hold":true`...)
		}
		if len(s.Tiers) > 0 {
			dst = append(dst, `,"tiers":[`...)
			for i, price := range s.Tiers {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = strconv.AppendInt(dst, price, 10)
			}
			dst = append(dst, ']')
		}
		dst = append(dst, '}')
	}
	return append(dst, '}')
}

// appendText appends a member that is left out when it is empty; it is not the first one.
func appendText(dst []byte, name, s string) []byte {
	if s == "" {
		return dst
	}
	dst = append(dst, `,"`...)
	dst = append(dst, name...)
	dst = append(dst, `":`...)
	return appendString(dst, s)
}

// appendInt is appendText for a number, left out when it is 0.
func appendInt(dst []byte, name string, n int64) []byte {
	if n == 0 {
		return dst
	}
	dst = append(dst, `,"`...)
	dst = append(dst, name...)
	dst = append(dst, `":`...)
	return strconv.AppendInt(dst, n, 10)
}

// appendTime is appendText for an instant, left out when it is zero.
func appendTime(dst []byte, name string, t time.Time) []byte {
	if t.IsZero() {
		return dst
	}
	dst = append(dst, `,"`...)
	dst = append(dst, name...)
	dst = append(dst, `":"`...)
	dst = Micro(t).AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}

// ride reads what appendRide wrote.
func (d *ride) ride() (*offer.Ride, error) {
	r := &offer.Ride{
		Mode: offer.Mode(d.Mode), Number: d.Number, From: d.From, To: d.To, Departs: Micro(d.Departs), Arrives: Micro(d.Arrives),
		DepartOffset: d.DepartOffset, ArriveOffset: d.ArriveOffset, Class: d.Class, Booking: d.Booking, FareName: d.FareName,
		Adults: d.Adults, Children: d.Children, Infants: d.Infants,
	}
	if r.Mode != offer.Train && r.Mode != offer.Flight {
		return nil, fmt.Errorf("item document: mode %d of a ride", d.Mode)
	}
	for _, id := range []struct {
		text string
		to   *uid.ID
	}{{d.Run, &r.Run}, {d.Fare, &r.Fare}, {d.FareVersion, &r.FareVersion}} {
		if err := parseID(id.text, id.to); err != nil {
			return nil, err
		}
	}
	var err error
	if r.Date, err = civil.Parse(d.Date); err != nil {
		return nil, fmt.Errorf("item document: %w", err)
	}
	r.Seating.Pool, r.Seating.AtHold = stock.PoolID(d.Seating.Pool), d.Seating.AtHold
	if len(d.Seating.Tiers) > 0 {
		r.Seating.Tiers = d.Seating.Tiers
	}
	return r, nil
}

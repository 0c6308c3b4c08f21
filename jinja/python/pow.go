package python

import (
	"math"
	"math/big"
)

// powPrecision in bits is enough to round a float64 right but for rare ties;
// Go's math.Pow is off in the last digit more often than C's, which Python uses.
const powPrecision = 200

// pow is C's pow.
func pow(x, y float64) float64 {
	rough := math.Pow(x, y)
	if rough == 0 || math.IsInf(rough, 0) || math.IsNaN(rough) || x == 1 || y == 0 || math.IsInf(y, 0) {
		return rough
	}
	a := new(big.Float).SetPrec(powPrecision).SetFloat64(math.Abs(x))
	t := new(big.Float).SetPrec(powPrecision).SetFloat64(y)
	t.Mul(t, bigLog(a))
	r, _ := bigExp(t).Float64()
	return math.Copysign(r, rough)
}

func bigFloat(x float64) *big.Float { return new(big.Float).SetPrec(powPrecision).SetFloat64(x) }

var bigLn2 = atanhLog(bigFloat(2))

// bigLog is the natural logarithm of a positive number.
func bigLog(a *big.Float) *big.Float {
	m := new(big.Float)
	e := a.MantExp(m) // a = m * 2**e, 0.5 <= m < 1
	log := atanhLog(m.SetPrec(powPrecision))
	return log.Add(log, new(big.Float).Mul(bigLn2, bigFloat(float64(e))))
}

// atanhLog is log(m) = 2 atanh((m-1)/(m+1)), quick for m between 0.5 and 2.
func atanhLog(m *big.Float) *big.Float {
	one := bigFloat(1)
	z := new(big.Float).Quo(new(big.Float).Sub(m, one), new(big.Float).Add(m, one))
	square := new(big.Float).Mul(z, z)
	sum, power := bigFloat(0), new(big.Float).Set(z)
	for k := 1; k < 160; k += 2 {
		sum.Add(sum, new(big.Float).Quo(power, bigFloat(float64(k))))
		power.Mul(power, square)
	}
	return sum.Mul(sum, bigFloat(2))
}

// bigExp is e**t.
func bigExp(t *big.Float) *big.Float {
	q, _ := new(big.Float).Quo(t, bigLn2).Float64()
	k := math.Round(q)
	r := new(big.Float).Sub(t, new(big.Float).Mul(bigLn2, bigFloat(k)))
	const halvings = 8
	r.SetMantExp(r, -halvings)
	sum, term := bigFloat(1), bigFloat(1)
	for i := 1; i < 40; i++ {
		term.Mul(term, r)
		term.Quo(term, bigFloat(float64(i)))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum.SetMantExp(sum, int(k))
}

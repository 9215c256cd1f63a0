#include "common/base/histogram.h"

static const int64_t limits[HISTOGRAM_STEPS] = {1,   2,   5,    10,   25,   50,   100,
						250, 500, 1000, 2500, 5000, 10000};

int64_t histogram_limit(int step)
{
	return limits[step];
}

void histogram_add(struct histogram *h, int64_t ms)
{
	int step = 0;

	if (ms < 0)
		ms = 0;
	while (step < HISTOGRAM_STEPS && ms > limits[step])
		step++;
	h->count[step]++;
	h->sum += ms;
}

int64_t histogram_up_to(const struct histogram *h, int step)
{
	int64_t sum = 0;

	for (int i = 0; i <= step; i++)
		sum += h->count[i];
	return sum;
}

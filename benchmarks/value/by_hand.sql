-- Values of customers as of {today}, written by hand for DuckDB: each table is read once for each grouping.
WITH line AS (
  SELECT customer,
    sum(net) AS life_net, sum(coalesce(cost, 0)) AS life_cost,
    sum(net) FILTER (WHERE y = 0) AS net_0, sum(net) FILTER (WHERE y = 1) AS net_1, sum(net) FILTER (WHERE y = 2) AS net_2,
    sum(cost) FILTER (WHERE y = 0) AS cost_0, sum(cost) FILTER (WHERE y = 1) AS cost_1, sum(cost) FILTER (WHERE y = 2) AS cost_2,
    count(*) FILTER (WHERE y < 2) AS lines_2,
    sum(qty) FILTER (WHERE y = 0 AND is_lead) AS lead,
    sum(gross) FILTER (WHERE y = 0) AS priced, sum(net) FILTER (WHERE y = 0 AND gross IS NOT NULL) AS paid,
    sum(gross) FILTER (WHERE y = 0 AND gross > 0) AS delivered, sum(-gross) FILTER (WHERE y = 0 AND is_return) AS returned,
    sum(net) FILTER (WHERE y = 0 AND margin_class = 'high') AS high,
    sum(net) FILTER (WHERE y = 0 AND list_value IS NOT NULL) AS listed, sum(list_value) FILTER (WHERE y = 0) AS list_value,
    sum(net) FILTER (WHERE m BETWEEN 1 AND 6) AS half, sum(net * (7 - 2 * m)) FILTER (WHERE m BETWEEN 1 AND 6) AS rise
  FROM (
    SELECT *, (DATE '{today}' - "on") // 365 AS y,
      date_diff('month', "on", DATE '{today}') AS m
    FROM crm_feed_transactions
  ) GROUP BY customer
), purchase AS (
  SELECT customer, origin, min("on") AS "on", sum(net) AS net, max(channel) AS channel,
    min(category) FILTER (WHERE net > 0) < max(category) FILTER (WHERE net > 0) AS is_mixed
  FROM crm_feed_transactions GROUP BY customer, origin HAVING sum(net) > 0
), bought AS (
  SELECT customer, count(*) AS ever, min("on") AS first_on, max("on") AS last_on,
    count(*) FILTER (WHERE y = 0) AS number_0, count(*) FILTER (WHERE y = 1) AS number_1,
    max(net) FILTER (WHERE y = 0) AS largest, count(*) FILTER (WHERE y = 0 AND is_mixed) AS mixed,
    count(*) FILTER (WHERE y = 0 AND channel IN ('portal', 'interface')) AS by_self,
    count(DISTINCT date_trunc('month', "on")) FILTER (WHERE "on" >= DATE '{year_of_months}') AS months
  FROM (SELECT *, (DATE '{today}' - "on") // 365 AS y FROM purchase) GROUP BY customer
), gap AS (
  SELECT customer, "on" - lag("on") OVER (PARTITION BY customer ORDER BY "on", origin) AS days FROM purchase
), spread AS (
  SELECT customer, count(days) AS gaps, sum(days) AS days, sum(days * days) AS squares, median(days) AS median
  FROM gap WHERE days IS NOT NULL GROUP BY customer
), lapse AS (
  SELECT customer, count(*) FILTER (WHERE gap.days > 2 * spread.median) AS lapses
  FROM gap JOIN spread USING (customer) WHERE gap.days IS NOT NULL GROUP BY customer
), product AS (
  SELECT customer, product, min("on") FILTER (WHERE net > 0) AS first_on, max("on") FILTER (WHERE net > 0) AS last_on,
    min(origin) FILTER (WHERE net > 0) < max(origin) FILTER (WHERE net > 0) AS is_repeated,
    sum(net) FILTER (WHERE "on" > DATE '{today}' - 365) AS net_0
  FROM crm_feed_transactions WHERE product IS NOT NULL GROUP BY customer, product
), products AS (
  SELECT customer, count(first_on) AS ever, count(*) FILTER (WHERE last_on > DATE '{today}' - 365) AS lately,
    count(*) FILTER (WHERE is_repeated) AS repeated, max(net_0) AS most
  FROM product GROUP BY customer
), novelty AS (
  SELECT customer, count(*) FILTER (WHERE first_on > begun_on AND first_on > DATE '{today}' - 365) AS new
  FROM product JOIN (SELECT customer, min(first_on) AS begun_on FROM product GROUP BY customer) USING (customer)
  GROUP BY customer
), category AS (
  SELECT customer, count(*) AS number FROM (
    SELECT DISTINCT customer, category FROM crm_feed_transactions
    WHERE category IS NOT NULL AND net > 0 AND "on" > DATE '{today}' - 365
  ) GROUP BY customer
), month AS (
  SELECT customer, date_trunc('month', "on") AS month, sum(net) AS net
  FROM crm_feed_transactions WHERE "on" >= DATE '{year_of_months}' GROUP BY ALL
), months AS (
  SELECT customer, count(*) AS number, sum(net) AS whole, max(net) AS most, sum(net::DOUBLE * net) AS squares
  FROM month GROUP BY customer
), cost AS (
  SELECT c.customer, c."on", c.amount, c.kind,
    c.kind = 'acquisition' OR (c.kind = 'contact' AND (first_on IS NULL OR c."on" <= first_on)) AS is_winning
  FROM crm_feed_costs c LEFT JOIN bought USING (customer)
  WHERE c.kind IN ('contact', 'service', 'freight', 'marketing', 'gift', 'acquisition')
), costs AS (
  SELECT customer, sum(amount) AS spent, sum(amount) FILTER (WHERE is_winning) AS won,
    sum(amount) FILTER (WHERE kind <> 'acquisition' AND y = 0) AS served_0,
    sum(amount) FILTER (WHERE kind <> 'acquisition' AND y = 1) AS served_1,
    sum(amount) FILTER (WHERE kind <> 'acquisition' AND y = 2) AS served_2
  FROM (SELECT *, (DATE '{today}' - "on") // 365 AS y FROM cost) GROUP BY customer
), earning AS (
  SELECT customer, "on", sum(sum(amount)) OVER (PARTITION BY customer ORDER BY "on") AS so_far FROM (
    SELECT customer, "on", net - coalesce(cost, 0) AS amount FROM crm_feed_transactions
    SEMI JOIN (SELECT customer FROM costs WHERE won IS NOT NULL) USING (customer)
    UNION ALL SELECT customer, CASE WHEN is_winning THEN DATE '0001-01-01' ELSE "on" END, -amount FROM cost
  ) GROUP BY customer, "on"
), earned AS (
  SELECT customer, min("on") AS "on" FROM earning WHERE so_far >= 0 AND "on" > DATE '0001-01-01' GROUP BY customer
), contact AS (
  SELECT customer, count(*) FILTER (WHERE r AND y) AS number, max("on") FILTER (WHERE r) AS last_on,
    count(*) FILTER (WHERE r AND y AND direction = 'in') AS inbound,
    count(*) FILTER (WHERE r AND y AND kind IN ('visit', 'reception', 'meeting')) AS visits,
    count(*) FILTER (WHERE r AND y AND level >= 4) AS senior,
    count(DISTINCT channel) FILTER (WHERE r AND y) AS channels,
    count(*) FILTER (WHERE y AND outcome = 'positive') AS good, count(*) FILTER (WHERE y AND outcome = 'negative') AS bad,
    count(*) FILTER (WHERE y AND direction = 'out' AND outcome IS NOT NULL) AS attempts,
    count(*) FILTER (WHERE y AND direction = 'out' AND outcome <> 'no_answer') AS answered
  FROM (
    SELECT *, "on" > DATE '{today}' - 365 AS y, outcome IS NULL OR outcome <> 'no_answer' AS r FROM crm_feed_contact_acts
  ) GROUP BY customer
), base AS (
  SELECT *, net_0c - coalesce(cost_0, 0) AS margin, net_0c - coalesce(cost_0, 0) - served AS contribution,
    CASE WHEN net_0c > 0 THEN net_0c END AS sold,
    coalesce(net_1, 0) - coalesce(cost_1, 0) - coalesce(served_1, 0) AS last_year,
    coalesce(net_2, 0) - coalesce(cost_2, 0) - coalesce(served_2, 0) AS before_last
  FROM (
    SELECT scored.customer, line.* EXCLUDE (customer), bought.* EXCLUDE (customer), gaps, days, spread.squares AS gap_squares,
      lapses, products.ever AS products, lately, repeated, products.most AS most_product, new, category.number AS categories,
      months.number AS month_count, whole, months.most AS most_month, months.squares AS month_squares, spent, won, served_1,
      served_2, earned."on" AS earned_on, contact.number AS contacts, contact.last_on AS contact_on,
      inbound, visits, senior, channels, good, bad, attempts, answered,
      coalesce(net_0, 0) AS net_0c, coalesce(number_0, 0) AS number, coalesce(number_1, 0) AS number_before,
      coalesce(served_0, 0) AS served
    FROM crm_scored AS scored
    LEFT JOIN line USING (customer) LEFT JOIN bought USING (customer) LEFT JOIN spread USING (customer)
    LEFT JOIN lapse USING (customer) LEFT JOIN products USING (customer) LEFT JOIN novelty USING (customer)
    LEFT JOIN category USING (customer) LEFT JOIN months USING (customer) LEFT JOIN costs USING (customer)
    LEFT JOIN earned USING (customer) LEFT JOIN contact USING (customer)
  )
), measured AS (
  SELECT customer,
    number AS "T01", net_0c AS "T02", coalesce(life_net, 0) AS "T03", net_0c / nullif(number, 0) AS "T04", largest AS "T05",
    DATE '{today}' - last_on AS "T06", number / 12 AS "T07", (last_on - first_on) / nullif(ever - 1, 0) AS "T08",
    CASE WHEN gaps < 2 THEN NULL WHEN days = 0 THEN 0
      ELSE sqrt(greatest(gaps * gap_squares - days * days, 0)) / days END AS "T09",
    "T06" / nullif("T08", 0) AS "T10",
    100.0 * (net_0c - coalesce(net_1, 0)) / nullif(coalesce(net_1, 0), 0) AS "T11",
    100.0 * (number - number_before) / nullif(number_before, 0) AS "T12",
    100.0 * rise * 6 / nullif(half * 35, 0) AS "T13", coalesce(categories, 0) AS "T14", coalesce(lately, 0) AS "T15",
    coalesce(new, 0) AS "T18", 100.0 * mixed / nullif(number, 0) AS "T19", 100.0 * repeated / nullif(products, 0) AS "T20",
    CASE WHEN number > 0 AND net_0c > 0 THEN 100.0 * most_product / net_0c END AS "T21", coalesce(lead, 0) AS "T22",
    100.0 * (priced - paid) / nullif(priced, 0) AS "T32", 100.0 * coalesce(returned, 0) / nullif(delivered, 0) AS "T33",
    100.0 * by_self / nullif(number, 0) AS "T37", CASE WHEN whole > 0 THEN 100.0 * most_month / whole END AS "T38",
    coalesce(months, 0) AS "T39", CASE WHEN gaps >= 3 THEN lapses END AS "T40",
    margin AS "F02", 100.0 * margin / sold AS "F03", contribution AS "F04",
    100.0 * contribution / nullif(sum(greatest(contribution, 0)) OVER (), 0) AS "F05",
    CASE WHEN lines_2 > 0 THEN contribution - last_year END AS "F06",
    CASE WHEN first_on IS NOT NULL THEN coalesce(life_net, 0) - coalesce(life_cost, 0) - coalesce(spent, 0)
      ELSE -coalesce(won, 0) END AS "F07",
    {five_years} * CASE WHEN DATE '{today}' - first_on + 1 >= 1095 THEN (contribution + last_year + before_last) / 3
      WHEN DATE '{today}' - first_on + 1 >= 730 THEN (contribution + last_year) / 2
      WHEN DATE '{today}' - first_on + 1 >= 365 THEN contribution END AS "F08",
    100.0 * coalesce(high, 0) / sold AS "F09", served AS "F10", 100.0 * served / sold AS "F11", won AS "F12",
    CASE WHEN won IS NULL THEN NULL WHEN date_diff('month', first_on, earned_on) > 0
      THEN date_diff('month', first_on, earned_on) WHEN date_diff('month', first_on, earned_on) <= 0 THEN 0 END AS "F13",
    served / 12 AS "F14",
    100.0 * coalesce(listed, 0) / CASE WHEN list_value > 0 THEN list_value END AS "F27",
    CASE WHEN whole > 0 THEN sqrt(greatest(12 * month_squares - whole::DOUBLE * whole, 0)) / whole END AS "F34",
    coalesce(contacts, 0) AS "S01", DATE '{today}' - contact_on AS "S02", 100.0 * inbound / nullif(contacts, 0) AS "S03",
    coalesce(visits, 0) AS "S04", coalesce(senior, 0) AS "S05", coalesce(channels, 0) AS "S06",
    100.0 * good / nullif(good + bad, 0) AS "S12", 100.0 * answered / nullif(attempts, 0) AS "S13",
    net_0c <= 0 AND served > 0 AS "z:F11", won IS NOT NULL AS "z:F13"
  FROM base
)
